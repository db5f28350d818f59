import { describe, expect, it } from 'vitest'
import type { Conflict, ConflictSide, Machine, Sync } from '../api/types'
import { bothNames, byRecord, changeWords, clockWords, headlineOf, inForce, inOrder, machineName, machineWords, sideNames, sizeWords, statusOf, waitingWords } from './words'

const now = new Date(2026, 10, 23, 10, 41, 30)
const at = (h: number, m: number, s = 0, day = 23): string => new Date(2026, 10, day, h, m, s).toISOString()
const quiet: Sync = {
  state: 'synced', server: 'http://sync.example', machine: '01A', as_of: at(10, 41, 8), since: null, waiting: 0, waiting_bytes: 0, conflicts: 0, auto: 0, rejected: 0,
  progress: null, problem: null, clock_off_ms: 0,
}
const state = (more: Partial<Sync>): Sync => ({ ...quiet, ...more })

describe('the status bar says', () => {
  it.each<[string, Partial<Sync>, string, string]>([
    ['数据存在本机', { state: 'alone', as_of: null }, 'local', 'good'],
    ['正在接收数据', { state: 'joining', progress: null }, 'download', 'good'],
    ['正在接收数据', { state: 'joining', progress: { done: 0, total: 0 } }, 'download', 'good'],
    ['正在接收数据 · 43%', { state: 'joining', progress: { done: 439, total: 1000 } }, 'download', 'good'],
    ['已同步 · 刚刚', {}, 'ok', 'good'],
    ['已同步 · 刚刚', { as_of: at(10, 41, 50) }, 'ok', 'good'],
    ['已同步 · 10:38', { as_of: at(10, 38) }, 'ok', 'good'],
    ['已同步 · 昨天 18:40', { as_of: at(18, 40, 0, 22) }, 'ok', 'good'],
    ['已同步 · 11-03 09:05', { as_of: at(9, 5, 0, 3) }, 'ok', 'good'],
    ['已同步', { as_of: null }, 'ok', 'good'],
    ['正在同步', { state: 'syncing' }, 'upload', 'good'],
    ['正在同步 · 3 条待传', { state: 'syncing', waiting: 3 }, 'upload', 'good'],
    ['3 条待传', { state: 'waiting', waiting: 3 }, 'upload', 'good'],
    ['离线，自 09:15 起 · 12 条待传', { state: 'offline', since: at(9, 15), waiting: 12 }, 'off', 'look'],
    ['离线，自 昨天 18:02 起', { state: 'offline', since: at(18, 2, 0, 22) }, 'off', 'look'],
    ['离线', { state: 'offline' }, 'off', 'look'],
    ['离线 · 2 条待传', { state: 'offline', waiting: 2, rejected: 1 }, 'off', 'look'],
    ['已暂停', { state: 'paused' }, 'paused', 'look'],
    ['已暂停 · 5 条待传', { state: 'paused', waiting: 5 }, 'paused', 'look'],
    ['3 条未被接受', { rejected: 3 }, 'alert', 'bad'],
    ['3 条未被接受', { state: 'syncing', waiting: 4, rejected: 3 }, 'alert', 'bad'],
    ['服务器需要升级', { state: 'attention', problem: { code: 'server-older', title: '服务器需要升级', hint: '' } }, 'alert', 'look'],
    ['这台机器已停用', { state: 'attention', rejected: 2, problem: { code: 'revoked', title: '这台机器已停用', hint: '' } }, 'alert', 'bad'],
    ['同步要处理一下', { state: 'attention' }, 'alert', 'bad'],
  ])('%s', (text, more, icon, tone) => {
    expect(statusOf(state(more), now)).toEqual({ text, icon, tone })
  })
})

describe('the head of the sync centre says', () => {
  it.each<[string, RegExp, Partial<Sync>]>([
    ['在线，已同步', /与总部核对到 今天 10:41:08/, {}],
    ['在线，已同步', /与总部核对到 昨天 18:40:00/, { as_of: at(18, 40, 0, 22) }],
    ['在线，正在上传 3 条改动', /本机数据都已存盘/, { state: 'syncing', waiting: 3 }],
    ['在线，正在核对', /本机数据都已存盘/, { state: 'syncing' }],
    ['在线，2 条改动等待上传', /几秒内/, { state: 'waiting', waiting: 2 }],
    ['离线，自 09:15 起', /可以照常工作。12 条改动已存本机/, { state: 'offline', since: at(9, 15), waiting: 12 }],
    ['离线，自 09:15 起', /新的改动先存本机/, { state: 'offline', since: at(9, 15) }],
    ['同步已暂停', /3 条改动存在本机/, { state: 'paused', waiting: 3 }],
    ['同步已暂停', /新的改动先存本机/, { state: 'paused' }],
    ['数据存在本机', /没有加入服务器/, { state: 'alone' }],
    ['磁盘满了', /先腾出空间/, { state: 'attention', problem: { code: 'storage-full', title: '磁盘满了', hint: '先腾出空间。' } }],
  ])('%s', (title, text, more) => {
    const said = headlineOf(state(more), now)
    expect(said.title).toBe(title)
    expect(said.text).toMatch(text)
  })
  it('what goes on, also while something was not accepted', () => {
    expect(headlineOf(state({ state: 'syncing', waiting: 1, rejected: 2 }), now)).toMatchObject({ icon: 'upload', tone: 'good' })
  })
})

describe('a machine', () => {
  const machine: Machine = { id: '1', code: '02B', name: '财务', branch: '苏州总部', user: '王海燕', kind: 'shared', state: 'active', last_seen: at(10, 41), waiting: 0, version: '0.1.0', files_lacking: 0, is_me: false }
  const words = (more: Partial<Machine>, live = true): string => `${machineWords({ ...machine, ...more }, now, live).dot} ${machineWords({ ...machine, ...more }, now, live).text}`
  it('is online, was seen, or was shut out', () => {
    expect(words({})).toBe('good 在线')
    expect(words({ last_seen: at(10, 36) })).toBe('good 5 分钟前')
    expect(words({ last_seen: at(8, 2) })).toBe('quiet 08:02')
    expect(words({ last_seen: at(18, 40, 0, 22) })).toBe('quiet 昨天 18:40')
    expect(words({ last_seen: at(18, 40, 0, 17) })).toBe('look 6 天前')
    expect(words({ last_seen: null })).toBe('draft 还没连上过')
    expect(words({ state: 'revoked' })).toBe('bad 已停用')
  })
  it('is not called online from memory', () => {
    expect(words({}, false)).toBe('quiet 10:41')
  })
  it('has a name, and says what waits on it', () => {
    expect(machineName(machine)).toBe('02B 财务')
    expect(machineName({ ...machine, name: '02B', is_me: true })).toBe('本机 02B')
    expect(waitingWords({ ...machine, waiting: null })).toBe('待传数不详')
    expect(waitingWords({ ...machine, waiting: 2, files_lacking: 3 })).toBe('待传 2 条 · 3 个附件没有上传')
    expect(waitingWords({ ...machine, state: 'revoked', files_lacking: 3 })).toBe('3 个附件没有上传')
    expect(waitingWords({ ...machine, waiting: 3 })).toBe('待传 3 条')
    expect(waitingWords({ ...machine, state: 'revoked' })).toBe('')
  })
})

const side = (more: Partial<ConflictSide>): ConflictSide => ({ side: 'winner', value: 1, text: '1', actor: '王海燕', machine: '02B', at: at(9, 0), is_me: false, ...more })
const loser = (more: Partial<ConflictSide> = {}): ConflictSide => side({ side: 'loser', value: 2, text: '2', actor: '周敏', machine: '01A', ...more })
describe('the two sides of a conflict', () => {
  it('are mine and theirs where one is the reader’s, else by person, else by machine', () => {
    expect(sideNames([side({}), loser({ is_me: true })])).toEqual(['对方的', '我的'])
    expect(sideNames([side({}), loser()])).toEqual(['王海燕的', '周敏的'])
    expect(sideNames([side({ is_me: true }), loser({ is_me: true, actor: '王海燕' })])).toEqual(['02B 上的', '01A 上的'])
  })
  it('stand mine first, else with what is in force last', () => {
    expect(inOrder([side({}), loser({ is_me: true })]).map((one) => one.side)).toEqual(['loser', 'winner'])
    expect(inOrder([side({ is_me: true }), loser()]).map((one) => one.side)).toEqual(['winner', 'loser'])
    expect(inOrder([side({}), loser()]).map((one) => one.side)).toEqual(['loser', 'winner'])
  })
  it('belong to people', () => {
    expect(bothNames([side({}), loser({ is_me: true })])).toBe('你和王海燕')
    expect(bothNames([side({}), loser()])).toBe('王海燕和周敏')
    expect(bothNames([side({ is_me: true }), loser({ is_me: true })])).toBe('你在两台电脑上')
  })
  it('one is in force, unless it was changed once more', () => {
    const conflict = { type: 'int', is_life: false, now: { value: 2, text: '2' }, sides: [side({}), loser()] } as unknown as Conflict
    expect(inForce(conflict)?.side).toBe('loser')
    expect(inForce({ ...conflict, now: { value: 3, text: '3' } })).toBeUndefined()
    expect(inForce({ ...conflict, type: '', now: { value: null, text: '2' } })?.side).toBe('loser')
    const life = { ...conflict, is_life: true, sides: [side({ text: '保留记录' }), loser({ text: '删除' })] }
    expect(inForce({ ...life, now: { value: null, text: '保留记录' } })?.side).toBe('winner')
    expect(inForce({ ...life, now: { value: null, text: '已删除' } })?.side).toBe('loser')
  })
  it('stand by record, in the order they came', () => {
    const one = (id: string, record: string): Conflict => ({ id, module: 'customer', record }) as unknown as Conflict
    expect(byRecord([one('1', 'a'), one('2', 'b'), one('3', 'a')]).map((group) => group.conflicts.map((c) => c.id).join(''))).toEqual(['13', '2'])
  })
})

describe('figures in words', () => {
  it('sizes', () => {
    expect([12, 14 * 1024, 3.25 * 1024 * 1024].map(sizeWords)).toEqual(['不到 1 KB', '约 14 KB', '约 3.3 MB'])
  })
  it('a change of several rows is one', () => {
    const item = { module: 'sale', noun: '销货单', id: '1', title: 'XS', what: '新增', at: at(9, 0) }
    expect(changeWords({ ...item, rows: 1 })).toBe('新增')
    expect(changeWords({ ...item, rows: 11 })).toBe('新增，连同 10 行')
  })
  it('a clock is right, slow or fast', () => {
    expect([400, 180_000, -180_000, 8 * 3_600_000].map((ms) => clockWords(ms).text)).toEqual(['准', '慢 3 分钟', '快 3 分钟', '慢 8 小时'])
  })
})
