/** The state of synchronisation in words: pure, so that a table can test it. */
import type { Conflict, ConflictSide, Machine, Outgoing, Sync, SyncProblemCode } from '@/api/types'
import { t } from '@/locale'
import { clockOf, daysSince, isJustNow, minutesSince } from './time'

export type SyncIcon = 'local' | 'download' | 'ok' | 'upload' | 'off' | 'paused' | 'alert'
export type SyncTone = 'good' | 'look' | 'bad'
export interface Status { icon: SyncIcon; text: string; tone: SyncTone }

/** what waits for somebody else, or for a quiet hour; everything else stops this machine */
const MAY_WAIT: SyncProblemCode[] = ['server-older', 'client-older', 'mass-delete', 'clock']

const LOST: SyncProblemCode[] = ['copied', 'unknown-machine', 'other-company', 'revoked']
/** what only joining again with a new code mends */
export function needsCode(sync: Sync): boolean {
  return !!sync.problem && LOST.includes(sync.problem.code)
}
/** with how many changes still wait, if any */
function withWaiting(words: string, waiting: number): string {
  return waiting ? t('{words} · {n} 条待传', { words, n: waiting }) : words
}
function sinceWords(sync: Sync, now: Date): string {
  return sync.since ? t('离线，自 {time} 起', { time: clockOf(sync.since, now) }) : t('离线')
}
function asOfWords(sync: Sync, now: Date): string {
  if (!sync.as_of) return t('已同步')
  return t('已同步 · {time}', { time: isJustNow(sync.as_of, now) ? t('刚刚') : clockOf(sync.as_of, now) })
}
export function percentOf(progress: Sync['progress']): number | null {
  return progress && progress.total > 0 ? Math.min(100, Math.floor((progress.done / progress.total) * 100)) : null
}

/** One line for the status bar. What was not accepted comes before what merely goes on. */
export function statusOf(sync: Sync, now: Date): Status {
  if (sync.rejected && ['synced', 'syncing', 'waiting'].includes(sync.state)) return { icon: 'alert', text: t('{n} 条未被接受', { n: sync.rejected }), tone: 'bad' }
  return stateOf(sync, now)
}
function stateOf(sync: Sync, now: Date): Status {
  switch (sync.state) {
    case 'attention': return { icon: 'alert', text: sync.problem?.title ?? t('同步要处理一下'), tone: toneOfProblem(sync) }
    case 'alone': return { icon: 'local', text: t('数据存在本机'), tone: 'good' }
    case 'joining': return { icon: 'download', text: percentOf(sync.progress) === null ? t('正在接收数据') : t('正在接收数据 · {n}%', { n: percentOf(sync.progress) ?? 0 }), tone: 'good' }
    case 'syncing': return { icon: 'upload', text: withWaiting(t('正在同步'), sync.waiting), tone: 'good' }
    case 'waiting': return { icon: 'upload', text: t('{n} 条待传', { n: sync.waiting }), tone: 'good' }
    case 'offline': return { icon: 'off', text: withWaiting(sinceWords(sync, now), sync.waiting), tone: 'look' }
    case 'paused': return { icon: 'paused', text: withWaiting(t('已暂停'), sync.waiting), tone: 'look' }
    case 'synced': return { icon: 'ok', text: asOfWords(sync, now), tone: 'good' }
  }
}
function toneOfProblem(sync: Sync): SyncTone {
  return sync.problem && MAY_WAIT.includes(sync.problem.code) ? 'look' : 'bad'
}

export interface Headline { title: string; text: string; icon: SyncIcon; tone: SyncTone }
/** The head of the sync centre: the state in large words, and what it means. */
export function headlineOf(sync: Sync, now: Date): Headline {
  const { icon, tone } = stateOf(sync, now)
  return { ...headWords(sync, now), icon, tone }
}
function headWords(sync: Sync, now: Date): { title: string; text: string } {
  const n = sync.waiting
  const kept = t('本机数据都已存盘。')
  switch (sync.state) {
    case 'alone': return { title: t('数据存在本机'), text: t('这台电脑没有加入服务器，数据不会离开这里。') }
    case 'joining': return { title: t('正在接收公司的数据'), text: t('可以先关掉程序，下次打开接着收，不会从头再来。') }
    case 'synced': return { title: t('在线，已同步'), text: checkedWords(sync, now) + kept }
    case 'syncing': return { title: n ? t('在线，正在上传 {n} 条改动', { n }) : t('在线，正在核对'), text: checkedWords(sync, now) + kept }
    case 'waiting': return { title: t('在线，{n} 条改动等待上传', { n }), text: t('几秒内就会上传。') + kept }
    case 'offline': return { title: sinceWords(sync, now), text: n ? t('连不上总部，可以照常工作。{n} 条改动已存本机，连上后自动上传。', { n }) : t('连不上总部，可以照常工作。新的改动先存本机，连上后自动上传。') }
    case 'paused': return { title: t('同步已暂停'), text: n ? t('可以照常工作。{n} 条改动存在本机，继续以后再上传；同事的改动也要等到那时。', { n }) : t('可以照常工作。新的改动先存本机，继续以后再上传；同事的改动也要等到那时。') }
    case 'attention': return { title: sync.problem?.title ?? t('同步要处理一下'), text: sync.problem?.hint ?? kept }
  }
}
function checkedWords(sync: Sync, now: Date): string {
  if (!sync.as_of) return ''
  const time = clockOf(sync.as_of, now, true)
  return t('与总部核对到 {time}，同事的改动几秒内到达。', { time: time.includes(' ') ? time : `${t('今天')} ${time}` })
}

/** Only one's own code and the wrong time of this machine are worth a colour. */
const CLOCK_OFF_MS = 60_000
export function clockWords(offMs: number): { text: string; tone: SyncTone } {
  if (Math.abs(offMs) < CLOCK_OFF_MS) return { text: t('准'), tone: 'good' }
  const minutes = Math.round(Math.abs(offMs) / 60_000)
  const much = minutes < 120 ? t('{n} 分钟', { n: minutes }) : t('{n} 小时', { n: Math.round(minutes / 60) })
  // the offset is what must be added to this machine's clock
  return { text: offMs > 0 ? t('慢 {much}', { much }) : t('快 {much}', { much }), tone: 'look' }
}

const KB = 1024
export function sizeWords(bytes: number): string {
  if (bytes < KB) return t('不到 1 KB')
  return bytes < KB * KB ? t('约 {n} KB', { n: Math.round(bytes / KB) }) : t('约 {n} MB', { n: (bytes / KB / KB).toFixed(1) })
}

/** 新增，连同 10 行: a change of several rows goes as one */
export function changeWords(item: Outgoing): string {
  return item.rows > 1 ? t('{what}，连同 {n} 行', { what: item.what, n: item.rows - 1 }) : item.what
}

// ---- machines -------------------------------------------------------------------------------------------------

const ONLINE_MIN = 2
const LONG_DAYS = 3
export interface MachineWords { text: string; dot: 'good' | 'quiet' | 'look' | 'bad' | 'draft' }
/** `live` false: what was known at `now`, the last time this machine was online */
export function machineWords(machine: Machine, now: Date, live: boolean): MachineWords {
  if (machine.state === 'revoked') return { text: t('已停用'), dot: 'bad' }
  if (!machine.last_seen) return { text: t('还没连上过'), dot: 'draft' }
  const minutes = minutesSince(machine.last_seen, now)
  const days = daysSince(machine.last_seen, now)
  if (live && minutes < ONLINE_MIN) return { text: t('在线'), dot: 'good' }
  if (live && minutes < 60) return { text: t('{n} 分钟前', { n: minutes }), dot: 'good' }
  if (days >= LONG_DAYS) return { text: t('{n} 天前', { n: days }), dot: 'look' }
  return { text: clockOf(machine.last_seen, now), dot: 'quiet' }
}
export function machineName(machine: Machine): string {
  return [machine.is_me ? t('本机') : '', machine.code, machine.name === machine.code ? '' : machine.name].filter(Boolean).join(' ')
}
/** What may lie on that machine alone. */
export function waitingWords(machine: Machine): string {
  const files = machine.files_lacking ? t('{n} 个附件没有上传', { n: machine.files_lacking }) : ''
  if (machine.state === 'revoked') return files
  if (files) return machine.waiting ? `${t('待传 {n} 条', { n: machine.waiting })} · ${files}` : files
  return machine.waiting === null ? t('待传数不详') : machine.waiting ? t('待传 {n} 条', { n: machine.waiting }) : t('都已上传')
}

// ---- conflicts ------------------------------------------------------------------------------------------------

/** The reader's before the other's; else what is in force stands last, above the button that keeps it. */
export function inOrder(sides: ConflictSide[]): ConflictSide[] {
  const isReaders = sides.filter((side) => side.is_me).length === 1
  const rank = (side: ConflictSide): number => Number(isReaders ? !side.is_me : side.side === 'winner')
  return [...sides].sort((a, b) => rank(a) - rank(b))
}
/** What the two cards are called: 我的 and 对方的 where one of them is the reader's, else by person, else by machine. */
export function sideNames(sides: ConflictSide[]): string[] {
  const [a, b] = sides
  if (!a || !b) return sides.map((side) => side.actor)
  if (a.is_me !== b.is_me) return [a, b].map((side) => (side.is_me ? t('我的') : t('对方的')))
  const differ = a.actor !== b.actor
  return [a, b].map((side) => (differ ? t('{name}的', { name: side.actor }) : t('{machine} 上的', { machine: side.machine })))
}
/** 你和王海燕 */
export function bothNames(sides: ConflictSide[]): string {
  const names = [...sides].sort((a, b) => Number(b.is_me) - Number(a.is_me)).map((side) => (side.is_me ? t('你') : side.actor))
  const [first, second] = names
  return first === second || !second ? t('{name}在两台电脑上', { name: first ?? '' }) : t('{a}和{b}', { a: first ?? '', b: second })
}
/** the side whose value the record holds now; none when it was changed once more */
export function inForce(conflict: Conflict): ConflictSide | undefined {
  if (conflict.is_life) return conflict.sides.find((side) => (side.side === 'winner') === (conflict.now.text === conflict.sides[0]?.text))
  // several fields together, or a secret: there is no one value, only the words
  if (!conflict.type || conflict.type === 'password') return conflict.sides.find((side) => side.text === conflict.now.text)
  const now = JSON.stringify(conflict.now.value ?? null)
  return conflict.sides.find((side) => JSON.stringify(side.value ?? null) === now)
}
export function sideWords(text: string): string {
  return text || t('（空）')
}
/** by record, in the order they came */
export function byRecord(conflicts: Conflict[]): { key: string; conflicts: Conflict[] }[] {
  const groups = new Map<string, Conflict[]>()
  for (const one of conflicts) {
    const key = `${one.module}:${one.record}`
    groups.set(key, [...(groups.get(key) ?? []), one])
  }
  return [...groups].map(([key, list]) => ({ key, conflicts: list }))
}
