import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { GOODBYE_REASONS } from '@flagwire/protocol/sync';
import ts from 'typescript';
import { CLIENT_CODES } from '../../packages/client/src/api/errors.js';
import { COMMAND_CODES } from '../../packages/cli/src/command-error.js';
import { CACHE_FAULTS } from '../../packages/client/src/cache/cache.js';
import { EVALUATION_ERRORS } from '../../packages/client/src/evaluation/evaluator.js';
import { FAILURE_CODES } from '../../packages/client/src/transport/failure.js';
import { NotFound } from '../../src/common/errors.js';
import { CLOSE_CODES } from '../../src/sync/close-codes.js';
import { projectRoot } from '../support/project-root.js';

const root = projectRoot();

/** A code that a client can get, with the status where the place itself tells it. */
interface Place {
  code: string;
  status: number | null;
  where: string;
}

/** Every product file, without what is installed: enough to tell the type of a code. */
function readProgram(): ts.Program {
  const config = ts.readConfigFile(join(root, 'tsconfig.check.json'), (path) => ts.sys.readFile(path)).config as object;
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const files = ['src', 'packages/protocol/src'].flatMap((folder) =>
    ts.sys.readDirectory(join(root, folder), ['.ts'], ['**/*.spec.ts', '**/*.fake.ts']),
  );
  return ts.createProgram(files, { ...options, noEmit: true, noResolve: true, types: [] });
}

const isText = (node: ts.Node | undefined): node is ts.StringLiteralLike => node !== undefined && ts.isStringLiteralLike(node);

/** Reads the source for whatever becomes the `code` of an answer. */
class CodeReader {
  readonly places: Place[] = [];
  /** Places whose code cannot be told by reading: each would be a hole in this test. */
  readonly unclear: string[] = [];
  private readonly checker: ts.TypeChecker;
  private readonly calls: (ts.CallExpression | ts.NewExpression)[] = [];
  private readonly statuses = new Map<string, number>();

  constructor(program: ts.Program) {
    this.checker = program.getTypeChecker();
    const nodes = program
      .getSourceFiles()
      .filter(({ isDeclarationFile }) => !isDeclarationFile)
      .flatMap((file) => descendants(file));
    this.calls = nodes.filter((node) => ts.isCallExpression(node) || ts.isNewExpression(node));
    for (const node of nodes) this.readStatuses(node);
    for (const node of nodes) this.readDeclaration(node);
    for (const call of this.calls) this.readCall(call);
  }

  /** `const STATUS = { invalid: 400, … }`: the status of each kind of error. */
  private readStatuses(node: ts.Node): void {
    if (!ts.isVariableDeclaration(node) || node.name.getText() !== 'STATUS') return;
    for (const part of descendants(node)) {
      if (ts.isPropertyAssignment(part) && ts.isNumericLiteral(part.initializer)) {
        this.statuses.set(part.name.getText(), Number(part.initializer.text));
      }
    }
  }

  private readDeclaration(node: ts.Node): void {
    // class KeyNotChecked extends DomainError { readonly code = 'key_not_checked' }
    if (ts.isPropertyDeclaration(node) && node.name.getText() === 'code' && isText(node.initializer)) {
      this.add(node, node.initializer.text, this.statusOf(this.checker.getTypeAtLocation(node.parent)));
    }
    // { status: 413, code: 'body_too_large' }
    if (ts.isPropertyAssignment(node) && node.name.getText() === 'code' && isText(node.initializer)) {
      const status = node.parent.properties.find((property) => property.name?.getText() === 'status');
      this.add(
        node,
        node.initializer.text,
        status && ts.isPropertyAssignment(status) ? Number(status.initializer.getText()) : null,
      );
    }
    // const code = isMalformed ? 'malformed_url' : codeOf(status)
    if (ts.isVariableDeclaration(node) && node.name.getText() === 'code' && node.initializer) {
      const branches = ts.isConditionalExpression(node.initializer)
        ? [node.initializer.whenTrue, node.initializer.whenFalse]
        : [node.initializer];
      for (const branch of branches.filter(isText)) this.add(node, branch.text, null);
    }
    // const CODES = { 404: 'route_not_found' }
    if (ts.isVariableDeclaration(node) && node.name.getText() === 'CODES') {
      for (const part of descendants(node)) {
        if (ts.isPropertyAssignment(part) && isText(part.initializer))
          this.add(part, part.initializer.text, Number(part.name.getText()));
      }
    }
  }

  /** Whatever is handed to a parameter `code`; and to `what` of NotFound, which makes its code of it. */
  private readCall(call: ts.CallExpression | ts.NewExpression): void {
    const names = this.checker.getResolvedSignature(call)?.parameters.map(({ name }) => name) ?? [];
    const type = this.checker.getTypeAtLocation(call);
    const isNotFound = type.symbol?.name === NotFound.name;
    const argument = call.arguments?.[names.indexOf(isNotFound ? 'what' : 'code')];
    if (argument === undefined) return;
    const texts = this.textsOf(argument);
    if (texts === null) {
      // The table hands on what was read where it stands.
      if (!call.getSourceFile().fileName.endsWith('src/common/problem.ts')) this.unclear.push(whereOf(call));
      return;
    }
    const [first] = call.arguments ?? [];
    const status = this.statusOf(type) ?? (first && ts.isNumericLiteral(first) ? Number(first.text) : null);
    for (const text of texts) this.add(call, isNotFound ? new NotFound(text, '').code : text, status);
  }

  /** The texts that an expression can be; what is a parameter is looked for at the callers. Null: cannot be told. */
  private textsOf(expression: ts.Expression): string[] | null {
    const type = this.checker.getTypeAtLocation(expression);
    const parts = type.isUnion() ? type.types : [type];
    if (parts.every((part) => part.isStringLiteral())) return parts.map((part) => part.value);

    const parameter = this.checker.getSymbolAtLocation(expression)?.valueDeclaration;
    if (parameter === undefined || !ts.isParameter(parameter)) return null;
    const index = parameter.parent.parameters.indexOf(parameter);
    const callers = this.calls.filter((call) => this.checker.getResolvedSignature(call)?.declaration === parameter.parent);
    const found = callers.map((call) => {
      const argument = call.arguments?.[index];
      return argument === undefined ? null : this.textsOf(argument);
    });
    return found.length === 0 || found.includes(null) ? null : found.flatMap((texts) => texts ?? []);
  }

  /** By the class's `kind`; null for what is not an error of ours. */
  private statusOf(type: ts.Type): number | null {
    const kind = type.getProperty('kind');
    const text = kind && this.checker.getTypeOfSymbol(kind);
    return text?.isStringLiteral() ? (this.statuses.get(text.value) ?? null) : null;
  }

  private add(node: ts.Node, code: string, status: number | null): void {
    this.places.push({ code, status, where: whereOf(node) });
  }
}

function descendants(node: ts.Node): ts.Node[] {
  const found: ts.Node[] = [];
  const visit = (child: ts.Node): void => {
    found.push(child);
    ts.forEachChild(child, visit);
  };
  visit(node);
  return found;
}

function whereOf(node: ts.Node): string {
  const file = node.getSourceFile();
  return `${relative(root, file.fileName)}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
}

const page = readFileSync(join(root, 'docs/errors.md'), 'utf8');

/** The rows of the table under a heading, as lists of their cells. */
function tableUnder(heading: string): string[][] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`docs/errors.md has no section "${heading}"`);
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const nameIn = (cell: string | undefined): string => (cell ?? '').replaceAll('`', '');

describe('docs/errors.md', () => {
  const reader = new CodeReader(readProgram());
  const documented = new Map(tableUnder('HTTP').map(([code, status]) => [nameIn(code), Number(status)]));

  const onSockets = tableUnder('Sockets').map(([code]) => nameIn(code));

  it('can be compared: the source says each code where it can be read', () => {
    expect(reader.unclear).toEqual([]);
  });

  it('lists every code of the source', () => {
    const missing = reader.places
      .filter(({ code }) => !documented.has(code) && !onSockets.includes(code))
      .map(({ code, where }) => `${code} (${where})`);
    expect(missing).toEqual([]);
  });

  it('lists no code that the source does not have', () => {
    const codes = new Set(reader.places.map(({ code }) => code));
    expect([...documented.keys(), ...onSockets].filter((code) => !codes.has(code))).toEqual([]);
  });

  it('gives each code the status that it is sent with', () => {
    const wrong = reader.places
      .filter(({ code, status }) => status !== null && documented.get(code) !== status)
      .map(({ code, status, where }) => `${code}: ${status} (${where})`);
    expect(wrong).toEqual([]);
  });

  it('lists each code once, in the order of the alphabet', () => {
    const codes = tableUnder('HTTP').map(([code]) => nameIn(code));
    expect(codes).toEqual([...new Set(codes)].sort());
    expect(onSockets).toEqual([...new Set(onSockets)].sort());
  });

  it('lists the codes that a WebSocket is closed with', () => {
    const listed = page.matchAll(/^\| (\d{4}) \|/gm);
    // The library closes with these by itself.
    const byLibrary = [1007, 1009];
    expect([...listed].map(([, code]) => Number(code))).toEqual(
      [...new Set([...Object.values(CLOSE_CODES), ...byLibrary])].sort((a, b) => a - b),
    );
  });

  it('lists the codes of the client', () => {
    expect(tableUnder('Client').map(([code]) => nameIn(code))).toEqual([...FAILURE_CODES]);
    expect(tableUnder('API of the client').map(([code]) => nameIn(code))).toEqual([...CLIENT_CODES]);
    expect(tableUnder('Evaluations of the client').map(([code]) => nameIn(code))).toEqual([...EVALUATION_ERRORS]);
    expect(tableUnder('Cache of the client').map(([code]) => nameIn(code))).toEqual([...CACHE_FAULTS]);
  });

  it('lists the codes of the command line', () => {
    expect(tableUnder('Command line').map(([code]) => nameIn(code))).toEqual([...COMMAND_CODES]);
  });

  it('lists the reasons of Goodbye', () => {
    expect(tableUnder('Goodbye').map(([reason]) => nameIn(reason))).toEqual([...GOODBYE_REASONS]);
  });
});
