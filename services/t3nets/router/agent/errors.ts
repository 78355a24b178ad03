/** What can go wrong, told apart by what the caller can do about it. Messages may reach the client: no secrets, no ARNs. */

export class AgentError extends Error {
  override readonly name: string = 'AgentError';

  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

export class InvalidIdError extends AgentError {
  override readonly name = 'InvalidIdError';
}

export class NotFoundError extends AgentError {
  override readonly name = 'NotFoundError';
}

export class ExistsError extends AgentError {
  override readonly name = 'ExistsError';
}

export class ForbiddenError extends AgentError {
  override readonly name = 'ForbiddenError';
}

/** A service asked us to slow down, and still did after our own retries. */
export class ThrottledError extends AgentError {
  override readonly name = 'ThrottledError';
}

/** The model could not be reached, refused, or gave nothing usable. */
export class ModelError extends AgentError {
  override readonly name = 'ModelError';
}

/** The request's time was up. */
export class DeadlineError extends AgentError {
  override readonly name = 'DeadlineError';
}

/** An integration failed in a way its user can understand; the message goes into the answer. */
export class IntegrationError extends AgentError {
  override readonly name = 'IntegrationError';
}

export const tenantNotFound = (tenantId: string) => new NotFoundError(`there is no tenant "${tenantId}"`);
export const tenantSuspended = (tenantId: string) => new ForbiddenError(`tenant "${tenantId}" is suspended`);
export const emptyAnswer = (stopReason: string) => new ModelError(`the model ended (${stopReason}) without an answer`);
