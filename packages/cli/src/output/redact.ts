const CREDENTIAL = /fw_(srv|cli|adm)_[0-9A-Za-z]+/g;
/** An option that does not exist is quoted whole: `--token=SECRET`. */
const VALUE_OF_AN_OPTION = /'(--?[\w-]+)=[^']*'/g;

/** A text for the terminal without what may be a secret: a key in the wrong place is quoted by whoever refuses it. */
export function redact(text: string): string {
  return text.replace(CREDENTIAL, 'fw_$1_…').replace(VALUE_OF_AN_OPTION, "'$1=…'");
}
