/** One text with its format's name and a checksum: half of a file, or one of another program, is seen. */
export function seal(format: string, data: unknown): string {
  const body = JSON.stringify(data);
  return `${format} ${checksum(body)} ${body}`;
}

/** Null where the text is not whole, or not of this format. */
export function unseal(format: string, text: string): unknown {
  const [name, sum, ...rest] = text.split(' ');
  const body = rest.join(' ');
  return name === format && sum === checksum(body) ? parseJson(body) : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** FNV-1a, 32 bits: against accidents, not against anybody. */
export function checksum(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
