/** Half a surrogate pair cannot be written as UTF-8. */
export function isWellFormed(text: string): boolean {
  // Node has had it since 20.0; the compiler's library of that time does not know it.
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed();
}
