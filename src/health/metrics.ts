import { Injectable } from '@nestjs/common';
import { AggregatorRegistry, collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { type EnvironmentName } from '../changes/environment-replica.js';
import { Config } from '../config/config.js';
import { Siblings } from '../workers/siblings.js';

/** A figure of each environment: what names it in the labels, and its value. */
export type OfEnvironment = [EnvironmentName, number];

/**
 * The registry of this node's figures, with those of the process. Each subject adds its own; most are read when asked for. Where the
 * node is one of several workers, whoever asks one of them is told of all, by the label `node`.
 */
@Injectable()
export class Metrics {
  private readonly registry = new Registry();

  constructor(
    config: Config,
    private readonly siblings: Siblings,
  ) {
    collectDefaultMetrics({ register: this.registry });
    if (!siblings.exist) return;
    this.registry.setDefaultLabels({ node: config.nodeName });
    // It answers whoever keeps the workers, from now on.
    AggregatorRegistry.setRegistries(this.registry);
    new AggregatorRegistry();
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** @throws WorkersUnavailable */
  text(): Promise<string> {
    return this.siblings.exist ? this.siblings.figures() : this.registry.metrics();
  }

  gauge(name: string, help: string, value: () => number): void {
    const collect = (): void => gauge.set(value());
    const gauge = new Gauge({ name, help, registers: [this.registry], collect });
  }

  /** The same by a label of few values. */
  gaugesBy<Label extends string>(name: string, help: string, label: Label, values: () => Iterable<[string, number]>): void {
    const collect = (): void => {
      for (const [of, value] of values()) gauge.set({ [label]: of } as Record<Label, string>, value);
    };
    const gauge = new Gauge({ name, help, labelNames: [label], registers: [this.registry], collect });
  }

  perEnvironment(name: string, help: string, values: () => OfEnvironment[]): void {
    const collect = (): void => {
      gauge.reset();
      for (const [{ key, projectKey }, value] of values()) gauge.set({ project: projectKey, environment: key }, value);
    };
    const gauge = new Gauge({ name, help, labelNames: ['project', 'environment'], registers: [this.registry], collect });
  }

  /** One that is counted elsewhere. */
  counter(name: string, help: string, value: () => number): void {
    const collect = (): void => {
      counter.reset();
      counter.inc(value());
    };
    const counter = new Counter({ name, help, registers: [this.registry], collect });
  }

  /** The same by a label of few values. */
  countersBy<Label extends string>(name: string, help: string, label: Label, values: () => Iterable<[string, number]>): void {
    const collect = (): void => {
      counter.reset();
      for (const [of, value] of values()) counter.inc({ [label]: of } as Record<Label, string>, value);
    };
    const counter = new Counter({ name, help, labelNames: [label], registers: [this.registry], collect });
  }

  /** One that is counted here, by labels of which each has few values. */
  counterBy<Label extends string>(name: string, help: string, ...labelNames: Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  /** In seconds. */
  histogramBy<Label extends string>(name: string, help: string, buckets: number[], ...labelNames: Label[]): Histogram<Label> {
    return new Histogram({ name, help, buckets, labelNames, registers: [this.registry] });
  }
}
