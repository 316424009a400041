/** Whether a message has said already what another one says. Who lists a message of several lines indents it. */
export function quotes(message: string, other: string): boolean {
  return unindented(message).includes(unindented(other));
}

function unindented(text: string): string {
  return text.replace(/\n +/g, '\n');
}
