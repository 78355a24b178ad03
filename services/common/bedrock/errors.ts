/** What can go wrong between us, a model and its tools. Messages may reach the client: no secrets, no ARNs. */

export class AgentError extends Error {
  override readonly name: string = 'AgentError';

  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

/** A service asked us to slow down, and still did after our own retries. */
export class ThrottledError extends AgentError {
  override readonly name = 'ThrottledError';
}

/** The model could not be reached, refused, or gave nothing usable. */
export class ModelError extends AgentError {
  override readonly name = 'ModelError';
}

/** A tool failed in a way its user can understand; the message goes to the model, and by it into the answer. */
export class ToolError extends AgentError {
  override readonly name: string = 'ToolError';
}

export const emptyAnswer = (stopReason: string) => new ModelError(`the model ended (${stopReason}) without an answer`);
