import { type NestExpressApplication } from '@nestjs/platform-express';
import { type NextFunction, type Request, type Response } from 'express';
import helmet from 'helmet';
import { type Config } from './config/config.js';

/** A year, as helmet has it. For this host alone: what its subdomains speak is not ours to say. */
const HSTS = { maxAge: 31_536_000, includeSubDomains: false };

/**
 * What browsers are told to refuse. Only where the public address is https are they told to use nothing else: over plain HTTP
 * on a LAN the page would stay blank. Polls and streams get one header, and not helmet's dozen: a 304 is little more than its headers.
 */
export function secureHeaders(app: NestExpressApplication, { publicUrl }: Config): void {
  const isHttps = publicUrl?.startsWith('https:') ?? false;
  const common = {
    strictTransportSecurity: isHttps ? HSTS : false,
    // Browsers heed these over https alone, and complain elsewhere.
    crossOriginOpenerPolicy: isHttps,
    originAgentCluster: isHttps,
    xFrameOptions: { action: 'deny' },
  } as const;
  const upgradeInsecureRequests = isHttps ? [] : null;
  const page = {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    // The API page has a style element of its own, and pictures in its styles.
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", 'data:'],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
    upgradeInsecureRequests,
  };
  const data = { defaultSrc: ["'none'"], frameAncestors: ["'none'"] };
  app.use((_request: Request, response: Response, next: NextFunction) => {
    response.setHeader('X-Content-Type-Options', 'nosniff');
    if (isHttps) response.setHeader('Strict-Transport-Security', `max-age=${HSTS.maxAge}`);
    next();
  });
  app.use('/docs', helmet({ ...common, contentSecurityPolicy: { useDefaults: false, directives: page } }));
  app.use('/api', helmet({ ...common, contentSecurityPolicy: { useDefaults: false, directives: data } }));
}
