/** A back-up that was not made, or not restored: the sentence says what is wrong and what to do. Nothing is half done. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
}
