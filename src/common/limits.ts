/** How much of something there may be: for modules that the settings themselves do not reach. */
export abstract class Limits {
  /** Of one project, archived ones too. */
  abstract readonly maxFlags: number;
}
