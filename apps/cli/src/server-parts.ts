/** What only few commands need: loading it takes longer than all else that a command does. */

export const loadServer = () => import('@sluice/control-plane');

export const loadEdge = () => import('@sluice/edge');

export const loadPino = () => import('pino');
