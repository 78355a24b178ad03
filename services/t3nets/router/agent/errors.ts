/** What can go wrong, told apart by what the caller can do about it. Messages may reach the client: no secrets, no ARNs. */
import { AgentError, ToolError } from '../../../common/bedrock/errors';

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

/** An integration failed in a way its user can understand; the message goes into the answer. */
export class IntegrationError extends ToolError {
  override readonly name = 'IntegrationError';
}

export const tenantNotFound = (tenantId: string) => new NotFoundError(`there is no tenant "${tenantId}"`);
export const tenantSuspended = (tenantId: string) => new ForbiddenError(`tenant "${tenantId}" is suspended`);
