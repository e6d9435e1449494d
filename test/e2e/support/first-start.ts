export interface PrintedRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string | undefined;
}

/** @throws Error where one of the three is not printed, or not as one line of its own. */
export function secretsIn(printed: string): { token: string; serverKey: string; clientKey: string } {
  const find = (prefix: string): string => {
    const found = new RegExp(`^ .*\\b(${prefix}_[0-9A-Za-z]{50})$`, 'm').exec(printed)?.[1];
    if (found === undefined) throw new Error(`no line of the output ends in a ${prefix}_ secret: ${printed}`);
    return found;
  };
  return { token: find('fw_adm'), serverKey: find('fw_srv'), clientKey: find('fw_cli') };
}

/**
 * The request of the printed line that begins with `command`, as curl would send it.
 * @throws Error where there is no such line, or it has an option that is not known here.
 */
export function requestIn(printed: string, command: string): PrintedRequest {
  const line = printed.split('\n').find((text) => text.trim().startsWith(command));
  if (line === undefined) throw new Error(`no line begins with ${command}: ${printed}`);
  const words = [...line.trim().matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '').slice(1);
  const request: PrintedRequest = { method: 'GET', url: '', headers: {}, body: undefined };
  while (words.length > 0) {
    const word = words.shift() ?? '';
    if (word === '-X') request.method = words.shift() ?? '';
    else if (word === '-d') request.body = words.shift() ?? '';
    else if (word === '-H') {
      const [name = '', value = ''] = (words.shift() ?? '').split(/: (.*)/s);
      request.headers[name] = value;
    } else if (word.startsWith('http')) request.url = word;
    else if (word !== '-N') throw new Error(`an option that is not known here, ${word}, in: ${line}`);
  }
  return request;
}
