import { z } from "zod";

/**
 * The schema of a stored document that a later release may have written: fields that it does not know, at any depth, are
 * kept as they stand. Its type says nothing of them.
 */
export const keepingUnknown = <S extends z.ZodType>(schema: S): S => onceFor(schema, kept, z.unknown());

/** The same schema for what is shown: fields that it does not know, at any depth, are left out. */
export const droppingUnknown = <S extends z.ZodType>(schema: S): S => onceFor(schema, dropped, undefined);

type Made = WeakMap<z.ZodType, z.ZodType>;
const kept: Made = new WeakMap();
const dropped: Made = new WeakMap();

/** @param rest what becomes of fields that an object's schema does not know */
function onceFor<S extends z.ZodType>(schema: S, made: Made, rest: z.ZodType | undefined): S {
  const known = made.get(schema) ?? rebuilt(schema, (inner) => onceFor(inner, made, rest), rest);
  made.set(schema, known);
  return known as S;
}

/** Objects, and whatever may hold one; of anything else the schema itself. */
function rebuilt(schema: z.ZodType, of: (inner: z.ZodType) => z.ZodType, rest: z.ZodType | undefined) {
  if (schema instanceof z.ZodObject) {
    const shape = Object.fromEntries(Object.entries(schema.shape).map(([name, one]) => [name, of(one)]));
    return withDef(schema, { shape, catchall: rest });
  }
  if (schema instanceof z.ZodArray) return withDef(schema, { element: of(schema.element as z.ZodType) });
  if (schema instanceof z.ZodUnion)
    return withDef(schema, { options: (schema.options as z.ZodType[]).map(of) });
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault)
    return withDef(schema, { innerType: of(schema.def.innerType as z.ZodType) });
  return schema;
}

/** Its other parts stay as they are told, among them a default, which is made anew each time. */
function withDef(schema: z.ZodType, changes: object): z.ZodType {
  const parts = [schema.def, changes].map((one) => Object.getOwnPropertyDescriptors(one));
  return schema.clone(Object.defineProperties({} as typeof schema.def, Object.assign({}, ...parts)));
}
