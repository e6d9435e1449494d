import { type EntityManager, type EntityTarget, type ObjectLiteral } from 'typeorm';
import { type ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';

/** SQL in the place of a value. */
type Sql = () => string;

/** A row as it is written. */
type RowToWrite<Row> = { readonly [Name in keyof Row]: Row[Name] | Sql };

/**
 * Rows of an entity, or some columns of them. For what each change reads and writes: TypeORM's query builders take longer for the text of
 * a statement than most databases for the statement. What a value is in code, and in the database, TypeORM's driver says, as always.
 */
export class Rows<Row extends ObjectLiteral> {
  private readonly names: ReadonlySet<string>;

  /** @param names of properties; none: all. */
  constructor(
    private readonly entity: EntityTarget<Row>,
    ...names: readonly (keyof Row & string)[]
  ) {
    this.names = new Set(names);
  }

  /** As they stand behind SELECT. */
  columns(manager: EntityManager): string {
    return this.of(manager)
      .map(({ databaseName }) => manager.dataSource.driver.escape(databaseName))
      .join(', ');
  }

  /** What was found, as code has it. Columns that are not named are missing. */
  read(manager: EntityManager, found: readonly Record<string, unknown>[]): Row[] {
    const { driver } = manager.dataSource;
    const metadata = manager.dataSource.getMetadata(this.entity);
    const columns = this.of(manager);
    return found.map((raw) => {
      const row = metadata.create() as Row;
      for (const column of columns) column.setEntityValue(row, driver.prepareHydratedValue(raw[column.databaseName], column));
      return row;
    });
  }

  /** @throws where one of them is there already. */
  async insert(manager: EntityManager, rows: readonly RowToWrite<Row>[]): Promise<void> {
    await this.write(manager, rows, '');
  }

  /** Inserts rows, or replaces those that have the same primary key. */
  async put(manager: EntityManager, rows: readonly RowToWrite<Row>[]): Promise<void> {
    const { driver } = manager.dataSource;
    const name = ({ databaseName }: ColumnMetadata): string => driver.escape(databaseName);
    const { primaryColumns } = manager.dataSource.getMetadata(this.entity);
    const others = this.of(manager).filter(({ isPrimary }) => !isPrimary);
    const replacing = others.map((column) => `${name(column)} = EXCLUDED.${name(column)}`);
    await this.write(
      manager,
      rows,
      ` ON CONFLICT (${primaryColumns.map(name).join(', ')}) DO UPDATE SET ${replacing.join(', ')}`,
    );
  }

  /** Changes the columns of the row that has the same primary key. */
  async update(manager: EntityManager, row: Row): Promise<void> {
    const { driver } = manager.dataSource;
    const { tableName, primaryColumns } = manager.dataSource.getMetadata(this.entity);
    const bound: unknown[] = [];
    const equal = (column: ColumnMetadata): string => {
      const place = driver.createParameter('', bound.push(driver.preparePersistentValue(column.getEntityValue(row), column)) - 1);
      return `${driver.escape(column.databaseName)} = ${place}`;
    };
    const changes = this.of(manager).map(equal).join(', ');
    const which = primaryColumns.map(equal).join(' AND ');
    await manager.query(`UPDATE ${driver.escape(tableName)} SET ${changes} WHERE ${which}`, bound);
  }

  private async write(manager: EntityManager, rows: readonly RowToWrite<Row>[], onConflict: string): Promise<void> {
    const { driver } = manager.dataSource;
    const { tableName } = manager.dataSource.getMetadata(this.entity);
    const columns = this.of(manager);
    const bound: unknown[] = [];
    const placeOf = (value: unknown, column: ColumnMetadata): string =>
      typeof value === 'function'
        ? (value as Sql)()
        : driver.createParameter('', bound.push(driver.preparePersistentValue(value, column)) - 1);
    const tuples = rows.map((row) => `(${columns.map((column) => placeOf(column.getEntityValue(row), column)).join(', ')})`);
    const text = `INSERT INTO ${driver.escape(tableName)} (${this.columns(manager)}) VALUES ${tuples.join(', ')}${onConflict}`;
    await manager.query(text, bound);
  }

  private of(manager: EntityManager): ColumnMetadata[] {
    const { columns } = manager.dataSource.getMetadata(this.entity);
    return this.names.size === 0 ? columns : columns.filter(({ propertyName }) => this.names.has(propertyName));
  }
}
