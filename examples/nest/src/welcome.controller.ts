import { Flag } from '@flagwire/client/nest';
import { Controller, Get } from '@nestjs/common';
import { Greeter } from './greeter.js';

@Controller()
export class WelcomeController {
  constructor(private readonly greeter: Greeter) {}

  /** A handler is given the flag's value for its request. */
  @Get()
  show(@Flag('welcome', false) isWelcome: boolean): { welcome: boolean; greeting: string } {
    return { welcome: isWelcome, greeting: this.greeter.greeting };
  }
}
