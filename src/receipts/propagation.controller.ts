import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam } from '@nestjs/swagger';
import { AdminAccess } from '../auth/access.decorator.js';
import { AdminApi } from '../projects/api.decorators.js';
import { ConnectionsAnswerBody, PropagationAnswerBody } from './propagation.answer.js';
import { PropagationReads } from './propagation-reads.js';

/** Whether a change has arrived, and at whom not. */
@AdminApi('Changes')
@Controller('api/projects/:project/environments/:env')
export class PropagationController {
  constructor(private readonly reads: PropagationReads) {}

  @Get('changes/:revision/propagation')
  @ApiOperation({ summary: 'How many connected clients have a revision, how long it took, and who is behind; over all nodes' })
  @ApiParam({ name: 'revision', schema: { type: 'integer', minimum: 0 } })
  @AdminAccess('viewer')
  @ApiOkResponse({ type: PropagationAnswerBody })
  propagation(
    @Param('project') project: string,
    @Param('env') environment: string,
    @Param('revision') revision: string,
  ): Promise<PropagationAnswerBody> {
    return this.reads.propagation(project, environment, revision);
  }

  @Get('connections')
  @ApiOperation({ summary: 'Live connections by transport and node, and the revisions that they are at' })
  @AdminAccess('viewer')
  @ApiOkResponse({ type: ConnectionsAnswerBody })
  connections(@Param('project') project: string, @Param('env') environment: string): Promise<ConnectionsAnswerBody> {
    return this.reads.connections(project, environment);
  }
}
