/** What only few commands need: loading it takes longer than all else that a command does. */

export const loadServer = (): Promise<typeof import('@sluice/control-plane')> => import('@sluice/control-plane');

export const loadEdge = (): Promise<typeof import('@sluice/edge')> => import('@sluice/edge');

export const loadPino = (): Promise<Pick<typeof import('pino'), 'pino'>> => import('pino');
