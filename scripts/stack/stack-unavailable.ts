/** This machine cannot have a stack; the message says what to install. Anything else that goes wrong is a bug. */
export class StackUnavailable extends Error {
  override readonly name = "StackUnavailable";
}
