/** Labels, and a list of prices: what is asked for. Pure. */
import type { LabelsInfo, ListQuery } from '../../api/types'

export type LabelSize = '40x30' | '60x40'
export const SIZES: LabelSize[] = ['40x30', '60x40']
export const COPIES_MAX = 999

/** Remembered on this machine, for every user: what is in the printer. */
export interface LabelSettings { size: LabelSize; on_sheets: boolean; price: string; company: boolean; /** of a list of prices */ prices: string[] }
export const LABELS: LabelSettings = { size: '40x30', on_sheets: false, price: '', company: false, prices: [] }

/** What is kept may be older than this program, or of somebody who sees other prices. */
export function labelsOf(kept: Partial<LabelSettings> | null, info: LabelsInfo): LabelSettings {
  const known = info.prices.map((one) => one.name)
  const prices = known.filter((name) => kept?.prices?.includes(name))
  const price = kept?.price ?? known[0] ?? ''
  return {
    size: SIZES.find((one) => one === kept?.size) ?? LABELS.size,
    on_sheets: kept?.on_sheets ?? false,
    price: price && known.includes(price) ? price : '',
    company: kept?.company ?? false,
    prices: prices.length ? prices : known.slice(0, 1),
  }
}

/** What labels are printed of. `copies`: of each; null: as many as the document says. */
export interface LabelRequest { info: LabelsInfo; path: string; of: object; copies: number | null; /** the document says how many */ counted: boolean; settings: LabelSettings }
export interface PriceListRequest { info: LabelsInfo; path: string; of: { query: ListQuery; ids?: string[] }; title: string; settings: LabelSettings }

export function labelAsk({ path, of, copies, settings }: LabelRequest): { path: string; body: object } {
  const { size, on_sheets, price, company } = settings
  return { path, body: { ...of, size, on_sheets, price, company, copies } }
}
const WIDTHS: Record<string, number> = { name: 200, title: 200 }
const PRICE_WIDTH = 92

/** A printed list, sorted by what stands first in it. */
export function priceListAsk({ info, path, of, title, settings }: PriceListRequest): { path: string; body: object } {
  const [first, second] = info.listed
  const columns = [...info.listed.map((name) => ({ name, width: WIDTHS[name] ?? 100 })), ...settings.prices.map((name) => ({ name, width: PRICE_WIDTH }))]
  return { path, body: { ...of, query: { ...of.query, sort: [first, second].filter(Boolean).join(',') }, columns, title, marks: ['page', 'date', 'company'] } }
}

/** 3 and ３ are copies; what is none leaves them as they are. */
export function parseCopies(text: string): number | null {
  const n = Math.floor(Number(text.normalize('NFKC').trim()))
  return Number.isFinite(n) && n > 0 ? Math.min(n, COPIES_MAX) : null
}
