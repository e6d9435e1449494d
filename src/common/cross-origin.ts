import { type NextFunction, type Request, type Response } from 'express';

/**
 * Which web pages may read an answer? `main.ts` puts `handle` before everything else, body parsers too, so that whatever
 * answers the request, an error of a parser included, has the headers.
 */
export abstract class CrossOrigin {
  abstract readonly handle: (request: Request, response: Response, next: NextFunction) => void;
}
