import { type Response } from 'express';

/** Names and values in turn. @param names as they are spelt. */
export function headersOf(response: Response, names: readonly string[]): readonly string[] {
  const present = names.filter((name) => response.hasHeader(name));
  return present.flatMap((name) => [name, String(response.getHeader(name))]);
}

/** @param headers as `headersOf` gives them. */
export function setHeaders(response: Response, headers: readonly string[]): void {
  for (let at = 0; at < headers.length; at += 2) response.setHeader(headers[at] ?? '', headers[at + 1] ?? '');
}

/** Whether an answer has no headers beside these: any other may be for this one alone. @param names in small letters. */
export function hasOnly(response: Response, names: ReadonlySet<string>): boolean {
  return response.getHeaderNames().every((name) => names.has(name));
}

export function smallLetters(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.map((name) => name.toLowerCase()));
}
