/** What whoever prints wants otherwise than a paper is laid out, remembered by user and print. Pure. */
import type { DocumentPrint, PaperOptions } from '../../api/types'

export const WATERMARK_MAX = 40
/** only what differs is kept, so that a template that is changed later is followed in all else */
export type PaperWish = Partial<{ pictures: boolean; watermark: string; extras: string[]; seal: boolean }>

/** What holds for a print: how it is laid out, and over it what is wished, of what the print has. */
export function optionsOf(print: DocumentPrint | undefined, wish: PaperWish): PaperOptions {
  const laid = print?.options ?? { pictures: null, watermark: null, extras: [], seal: null }
  const offered = (print?.extras ?? []).map((one) => one.name)
  const over = <T>(mine: T | null, wished: T | undefined): T | null => (mine === null ? null : (wished ?? mine))
  return {
    pictures: over(laid.pictures, wish.pictures),
    watermark: over(laid.watermark, wish.watermark),
    extras: offered.filter((name) => (wish.extras ?? laid.extras).includes(name)),
    seal: over(laid.seal, wish.seal),
  }
}

/** What is kept may be older than this program. */
export function wishOf(kept: unknown): PaperWish {
  const raw = (kept ?? {}) as Record<string, unknown>
  return {
    ...(typeof raw.pictures === 'boolean' ? { pictures: raw.pictures } : {}),
    ...(typeof raw.watermark === 'string' ? { watermark: raw.watermark.slice(0, WATERMARK_MAX) } : {}),
    ...(Array.isArray(raw.extras) ? { extras: raw.extras.filter((one): one is string => typeof one === 'string') } : {}),
    ...(typeof raw.seal === 'boolean' ? { seal: raw.seal } : {}),
  }
}

/** A wish after one more change; what is as laid out is no wish. */
export function wished(print: DocumentPrint | undefined, wish: PaperWish, change: PaperWish): PaperWish {
  const next = { ...wish, ...change }
  const laid = print?.options
  const isLaid = (name: keyof PaperWish): boolean => JSON.stringify(next[name]) === JSON.stringify(laid?.[name] ?? null)
  return Object.fromEntries((Object.keys(next) as (keyof PaperWish)[]).filter((name) => !isLaid(name)).map((name) => [name, next[name]])) as PaperWish
}

/** The body that asks for a paper: only what such a print has. */
export function paperBody(name: string, print: DocumentPrint | undefined, wish: PaperWish): object {
  const { pictures, watermark, extras, seal } = optionsOf(print, wish)
  return {
    name,
    ...(pictures === null || wish.pictures === undefined ? {} : { pictures }),
    ...(watermark === null || wish.watermark === undefined ? {} : { watermark }),
    ...(print?.extras?.length && wish.extras !== undefined ? { extras } : {}),
    ...(seal === null || wish.seal === undefined ? {} : { seal }),
  }
}
