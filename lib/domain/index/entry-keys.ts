/** Of the registry, where each index has its object. */
export const entriesFolder = "registry/indexes/";

export const keyOfEntry = (index: string) => `${entriesFolder}${index}.json`;
