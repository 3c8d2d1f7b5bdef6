import type { Trip } from '@sluice/authoring';

/** A trip as it is shown: whether it is overdue depends on when somebody looks. */
export function toTripView(trip: Trip, now: number): Trip & { readonly overdue: boolean } {
  return { ...trip, overdue: trip.expiresAt <= now };
}
