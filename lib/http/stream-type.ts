/** Of a body that is an Arrow IPC stream. */
export const streamType = "application/vnd.apache.arrow.stream";

/** @param contentType of a request */
export const isStream = (contentType: string | null | undefined): boolean =>
  contentType?.split(";")[0]?.trim().toLowerCase() === streamType;
