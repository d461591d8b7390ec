/**
 * How long each part of an orderly end may take at most, milliseconds. They follow one another: all of a worker's, each
 * at its worst, are less than the worker has, and that is less than the command has.
 */

/** From the first signal on: then the process ends, whatever it is at. */
export const ofCommand = 8000

/** From when a worker is told to end, until its supervisor kills it. */
export const ofWorker = 6500

/** Requests to the page that are being answered. */
export const ofPage = 500

/** A connection's Close frame, and its answer. */
export const ofConnection = 2500

/** What was received by then, on its way to the sinks. */
export const ofReceived = 500

/** What waits in the queue of a sink. */
export const ofQueue = 1500

/** A command whose input has ended. */
export const ofPipe = 750

/** A command that was sent SIGTERM, until it is killed. */
export const ofTermination = 500
