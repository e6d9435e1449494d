import {
  type ConnectionsAnswer,
  type LaggingClient,
  type MissingNode,
  type PropagationAnswer,
  type PropagationNode,
} from '@flagwire/protocol/admin';
import { ApiProperty } from '@nestjs/swagger';

const TIME = { type: String, format: 'date-time' } as const;
const COUNT = { type: 'integer' } as const;

class ClientCounts implements Required<PropagationAnswer['clients']> {
  @ApiProperty({ ...COUNT, description: 'Connections, and polling clients that name themselves by `?instance=`.' })
  connected!: number;

  @ApiProperty({ ...COUNT, description: 'Have the revision, or a later one.' })
  have!: number;

  @ApiProperty(COUNT)
  behind!: number;

  @ApiProperty({ ...COUNT, description: 'Of those that have it: that said so. To the others it was sent.' })
  acknowledged!: number;

  @ApiProperty({ ...COUNT, description: 'Of those connected: that poll.' })
  polling!: number;
}

class Delay {
  @ApiProperty({ type: Number })
  p50!: number;

  @ApiProperty({ type: Number })
  p99!: number;

  @ApiProperty({ type: Number })
  max!: number;

  @ApiProperty({ ...COUNT, description: 'That were there when it was read, and of which it is known.' })
  clients!: number;
}

class LaggingClientAnswer implements LaggingClient {
  @ApiProperty({ type: String, nullable: true, description: 'As it names itself.', example: 'checkout' })
  client!: string | null;

  @ApiProperty({ type: String, nullable: true, example: '2.1.0' })
  version!: string | null;

  @ApiProperty({ enum: ['sse', 'websocket', 'socket.io', 'polling'] })
  transport!: string;

  @ApiProperty({ type: String })
  node!: string;

  @ApiProperty({ type: String, description: 'Up to where it was sent, or asked.' })
  cursor!: string;

  @ApiProperty({ ...TIME, description: 'Since when it lacks something.' })
  since!: string;
}

class MissingNodeAnswer implements MissingNode {
  @ApiProperty({ type: String })
  node!: string;

  @ApiProperty({ type: String })
  node_id!: string;

  @ApiProperty(TIME)
  last_seen!: string;

  @ApiProperty({ ...COUNT, description: 'Clients that it had then.' })
  clients!: number;
}

class PropagationNodeAnswer implements PropagationNode {
  @ApiProperty({ type: String })
  node!: string;

  @ApiProperty({ type: String, description: 'Drawn at each start of the node.' })
  node_id!: string;

  @ApiProperty({ type: Number, description: 'Of its figures, milliseconds.' })
  age_ms!: number;

  @ApiProperty({ ...COUNT, nullable: true, description: 'That the node itself has; null: it has no client there.' })
  revision!: number | null;

  @ApiProperty({ ...COUNT, description: 'Connections.' })
  clients!: number;

  @ApiProperty(COUNT)
  have!: number;

  @ApiProperty({ type: Number, nullable: true, description: "By the database's clock." })
  commit_to_read_ms!: number | null;
}

/** How far a revision has come. */
export class PropagationAnswerBody implements PropagationAnswer {
  @ApiProperty(COUNT)
  revision!: number;

  @ApiProperty({ type: String })
  cursor!: string;

  @ApiProperty({ ...TIME, nullable: true, description: 'Null: revision 0.' })
  committed_at!: string | null;

  @ApiProperty({ type: Boolean, description: 'Every client has it, and no node is missing.' })
  complete!: boolean;

  @ApiProperty({ type: ClientCounts })
  clients!: ClientCounts;

  @ApiProperty({
    type: Delay,
    nullable: true,
    description: 'Milliseconds from the commit. Null: no longer known, or nobody was there.',
  })
  delay_ms!: Delay | null;

  @ApiProperty({ type: [LaggingClientAnswer], description: 'At most 100, those who wait longest first.' })
  behind!: LaggingClientAnswer[];

  @ApiProperty({ type: [PropagationNodeAnswer] })
  nodes!: PropagationNodeAnswer[];

  @ApiProperty({ type: [MissingNodeAnswer], description: 'Nodes whose figures are older than 5 seconds.' })
  missing!: MissingNodeAnswer[];
}

class ClientsAtRevision {
  @ApiProperty({ ...COUNT, description: '-1: nothing yet.' })
  revision!: number;

  @ApiProperty(COUNT)
  clients!: number;
}

const BY_TRANSPORT = { type: 'object', additionalProperties: { type: 'integer' }, example: { sse: 12 } } as const;

class ConnectedNode {
  @ApiProperty({ type: String })
  node!: string;

  @ApiProperty({ type: String })
  node_id!: string;

  @ApiProperty({ type: Number })
  age_ms!: number;

  @ApiProperty({ ...COUNT, nullable: true })
  revision!: number | null;

  @ApiProperty(COUNT)
  total!: number;

  @ApiProperty(BY_TRANSPORT)
  transports!: Record<string, number>;

  @ApiProperty({ type: [ClientsAtRevision], description: 'Newest first, at most 64.' })
  revisions!: ClientsAtRevision[];

  @ApiProperty({ ...COUNT, description: 'Clients at older revisions than these.' })
  older!: number;
}

/** Who is connected to an environment. */
export class ConnectionsAnswerBody implements ConnectionsAnswer {
  @ApiProperty(COUNT)
  total!: number;

  @ApiProperty(BY_TRANSPORT)
  transports!: Record<string, number>;

  @ApiProperty({ type: [ConnectedNode] })
  nodes!: ConnectedNode[];

  @ApiProperty({ type: [MissingNodeAnswer] })
  missing!: MissingNodeAnswer[];
}
