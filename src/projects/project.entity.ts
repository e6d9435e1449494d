import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What holds flags and environments together. Its row is what project-wide writes lock. */
@Entity('project')
export class Project {
  @PrimaryColumn({ type: 'text' })
  id!: string;

  /** Its name in paths; never changes. */
  @Column({ type: 'text' })
  key!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ name: 'created_at', type: 'text' })
  createdAt!: string;

  @Column({ name: 'updated_at', type: 'text' })
  updatedAt!: string;
}
