import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One place where the project's flags are served from: it has a status and rules for each of them, keys and a log. */
@Entity('environment')
export class Environment {
  @PrimaryColumn({ type: 'text' })
  id!: string;

  @Column({ name: 'project_id', type: 'text' })
  projectId!: string;

  /** Its name in paths, unique in the project; never changes. */
  @Column({ type: 'text' })
  key!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ name: 'created_at', type: 'text' })
  createdAt!: string;

  @Column({ name: 'updated_at', type: 'text' })
  updatedAt!: string;
}
