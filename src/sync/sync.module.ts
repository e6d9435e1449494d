import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { ChangesModule } from '../changes/changes.module.js';
import { LedgerModule } from '../receipts/ledger.module.js';
import { Pulse } from './pulse.js';
import { ReconnectAdvice } from './reconnect-advice.js';
import { RoomParts } from './room-parts.js';
import { SocketDoor } from './socket-door.js';
import { StreamController } from './stream.controller.js';
import { Streams } from './streams.js';
import { SyncGateway } from './sync.gateway.js';
import { SyncHub } from './sync-hub.js';
import { Turns } from './turns.js';
import { UpgradeController } from './upgrade.controller.js';
import { WebSocketDoor } from './web-socket.door.js';

/** The hub, its sessions, and the doors to them: streams, Socket.IO and plain WebSocket. */
@Module({
  imports: [ChangesModule, AuthModule, LedgerModule],
  controllers: [StreamController, UpgradeController],
  providers: [SyncHub, Streams, RoomParts, Turns, Pulse, ReconnectAdvice, SocketDoor, SyncGateway, WebSocketDoor],
  exports: [SyncHub, Streams],
})
export class SyncModule {}
