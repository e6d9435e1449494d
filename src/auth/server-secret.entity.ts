import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What all nodes of one database sign with. Made once, never shown. */
@Entity('server_secret')
export class ServerSecret {
  @PrimaryColumn({ type: 'text' })
  name!: string;

  /** 256 bits, hex. */
  @Column({ type: 'text' })
  value!: string;

  @Column({ name: 'created_at', type: 'text' })
  createdAt!: string;
}
