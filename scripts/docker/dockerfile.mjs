import { DockerfileParser } from 'dockerfile-ast';

/** Instructions and flags that `stages.mjs` knows how to do. Anything else is refused: it would be left out unseen. */
const FLAGS = { COPY: ['from'], HEALTHCHECK: ['interval', 'timeout', 'start-period', 'retries'] };
const KNOWN = ['FROM', 'WORKDIR', 'COPY', 'RUN', 'ENV', 'USER', 'VOLUME', 'EXPOSE', 'HEALTHCHECK', 'CMD'];

const flagsOf = (instruction) =>
  Object.fromEntries((instruction.getFlags?.() ?? []).map((flag) => [flag.getName(), flag.getValue()]));
const valuesOf = (instruction) => instruction.getArguments().map((argument) => argument.getValue());

/** `["a", "b"]`; the shell form of CMD is refused, since a shell would keep signals to itself. */
function execForm(text, line) {
  const parsed = JSON.parse(text);
  if (!Array.isArray(parsed) || parsed.some((part) => typeof part !== 'string'))
    throw new Error(`line ${line}: not in exec form`);
  return parsed;
}

function stepOf(instruction) {
  const keyword = instruction.getKeyword();
  const line = instruction.getRange().start.line + 1;
  if (!KNOWN.includes(keyword)) throw new Error(`line ${line}: ${keyword} is not known here`);
  const flags = flagsOf(instruction);
  const foreign = Object.keys(flags).filter((name) => !(FLAGS[keyword] ?? []).includes(name));
  if (foreign.length > 0) throw new Error(`line ${line}: ${keyword} --${foreign.join(', --')} is not known here`);
  const step = { keyword, line, flags, args: valuesOf(instruction) };
  const content = instruction.getArgumentsContent() ?? '';
  if (keyword === 'RUN') return { ...step, command: content };
  if (keyword === 'CMD') return { ...step, exec: execForm(content, line) };
  if (keyword === 'HEALTHCHECK') return { ...step, exec: execForm(/\bCMD\s+(\[[^]*\])\s*$/.exec(content)?.[1] ?? 'null', line) };
  if (keyword === 'ENV') return { ...step, pairs: instruction.getProperties().map((pair) => [pair.getName(), pair.getValue()]) };
  return step;
}

/** @returns the stages in their order: `name`, `from`, `steps`. @throws Error at what is not known. */
export function readDockerfile(text) {
  const stages = [];
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    const step = stepOf(instruction);
    if (step.keyword === 'FROM') {
      const [from, as, name] = step.args;
      if (as !== undefined && as.toUpperCase() !== 'AS') throw new Error(`line ${step.line}: FROM is not understood`);
      stages.push({ from, name: name ?? String(stages.length), steps: [] });
    } else {
      if (stages.length === 0) throw new Error(`line ${step.line}: ${step.keyword} before the first FROM`);
      stages.at(-1).steps.push(step);
    }
  }
  return stages;
}
