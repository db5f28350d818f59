import { pageToken } from './client'
import type { ServerEvent } from './types'

type Kind = ServerEvent['type']
type Handler<K extends Kind> = (event: Extract<ServerEvent, { type: K }>) => void

const handlers = new Map<Kind, Set<(event: ServerEvent) => void>>()

/** Hears one kind of event; returns how to stop. */
export function onServerEvent<K extends Kind>(kind: K, handler: Handler<K>): () => void {
  const set = handlers.get(kind) ?? new Set()
  handlers.set(kind, set)
  const entry = handler as (event: ServerEvent) => void
  set.add(entry)
  return () => set.delete(entry)
}

export function tell(event: ServerEvent): void {
  handlers.get(event.type)?.forEach((handler) => handler(event))
}

/** Cuts a stream of text into events; keeps an unfinished line for the next piece. */
export class EventReader {
  private rest = ''
  push(piece: string): ServerEvent[] {
    const lines = (this.rest + piece).split(/\r?\n/)
    this.rest = lines.pop() ?? ''
    const events: ServerEvent[] = []
    for (const line of lines) {
      if (!line.startsWith('data:')) continue
      try {
        events.push(JSON.parse(line.slice(5)) as ServerEvent)
      } catch { /* a broken line is a lost hint, not a lost change: lists refetch on focus */ }
    }
    return events
  }
}

const WAITS_MS = [500, 1000, 2000, 5000]

/** Reads /api/events as long as the window lives and somebody is signed in; EventSource cannot send the token header. */
export function listen(wanted: () => boolean, changed: (connected: boolean) => void): () => void {
  const stop = new AbortController()
  void (async () => {
    for (let attempt = 0; !stop.signal.aborted; attempt++) {
      if (!wanted()) {
        attempt = 0
        await new Promise((resolve) => setTimeout(resolve, WAITS_MS[0]))
        continue
      }
      try {
        const answer = await fetch('/api/events', { headers: { 'X-ECMS-Token': pageToken(), Accept: 'text/event-stream' }, signal: stop.signal, cache: 'no-store' })
        if (answer.ok && answer.body) {
          attempt = 0
          changed(true)
          const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
          const cut = new EventReader()
          for (;;) {
            const { done, value } = await reader.read()
            if (done) break
            cut.push(value).forEach(tell)
          }
        }
      } catch { /* cut off: try again below */ }
      if (stop.signal.aborted) return
      changed(false)
      await new Promise((resolve) => setTimeout(resolve, WAITS_MS[Math.min(attempt, WAITS_MS.length - 1)]))
    }
  })()
  return () => stop.abort()
}
