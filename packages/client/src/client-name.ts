/** By which operators find a program that gives no name of its own: that of the package, and its version. */
export const CLIENT = '@flagwire/client/0.1.0';
