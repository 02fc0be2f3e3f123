/**
 * Gives a class a name that no minifier changes, and an `instanceof` that also holds for instances of another copy of
 * this package: the ES module and the CommonJS build may be loaded side by side. Not for its subclasses: each is
 * branded by itself, or tells its instances as ordinary classes do.
 */
export function brandClass(branded: { readonly prototype: object }, name: string): void {
  const brand = Symbol.for(`sentensor.${name}`);
  Object.defineProperty(branded, "name", { value: name, configurable: true });
  Object.defineProperty(branded.prototype, brand, { value: true });
  Object.defineProperty(branded, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      if (this !== branded) return Function.prototype[Symbol.hasInstance].call(this as () => void, value);
      return typeof value === "object" && value !== null && Reflect.get(value, brand) === true;
    },
  });
}
