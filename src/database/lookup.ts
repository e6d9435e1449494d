import { type EntityManager, type EntityTarget, type ObjectLiteral } from 'typeorm';
import { Rows } from './rows.js';

type Wanted = string | readonly string[];

/**
 * The rows of an entity by the values of some of its columns. For what each change asks: the statement is put together here, since
 * TypeORM's query builder takes longer for that than the database for the rows; what a value is in code its driver says, as always.
 */
export class Lookup<Row extends ObjectLiteral> {
  private readonly columns: readonly string[];
  private readonly rows: Rows<Row>;

  /** @param columns properties that hold text; none: every row is wanted. */
  constructor(
    private readonly entity: EntityTarget<Row>,
    ...columns: readonly (keyof Row & string)[]
  ) {
    this.columns = columns;
    this.rows = new Rows(entity);
  }

  /**
   * @param values of the columns, in their order: of each one value, or those that will do.
   * @param lock as `Database.lockClause` gives it.
   */
  async find(manager: EntityManager, values: readonly Wanted[], lock = ''): Promise<Row[]> {
    if (values.some(({ length }) => length === 0)) return [];
    const { driver } = manager.dataSource;
    const metadata = manager.dataSource.getMetadata(this.entity);
    const bound: string[] = [];
    const conditions = this.columns.map((name, index) => {
      const places = [values[index] ?? []].flat().map((value) => driver.createParameter(name, bound.push(value) - 1));
      const column = driver.escape(metadata.findColumnWithPropertyName(name)?.databaseName ?? name);
      return places.length === 1 ? `${column} = ${places[0]}` : `${column} IN (${places.join(', ')})`;
    });
    const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
    const text = `SELECT ${this.rows.columns(manager)} FROM ${driver.escape(metadata.tableName)}${where}${lock}`;
    return this.rows.read(manager, await manager.query<Record<string, unknown>[]>(text, bound));
  }
}
