/** The calls of synchronisation: one place that knows addresses and bodies. */
import { api } from '@/api/client'
import type { BulkAnswer, ConflictPage, Invitation, LogEntry, MachinesPage, ProbeAnswer, RejectedPage, Sync, SyncAction, Take, WaitingPage } from '@/api/types'

export const CONFLICTS_PER_PAGE = 50
const part = encodeURIComponent

export const sync = {
  state: (): Promise<Sync> => api.get<Sync>('/api/sync'),
  act: (action: SyncAction): Promise<Sync> => api.post<Sync>('/api/sync', { action }),
  probe: (server: string, signal?: AbortSignal): Promise<ProbeAnswer> => api.post<ProbeAnswer>('/api/sync/probe', { server }, signal ? { signal } : {}),
  join: (server: string, code: string, key: string): Promise<Sync> => api.post<Sync>('/api/sync/join', { server, code }, { key }),

  waiting: (): Promise<WaitingPage> => api.get<WaitingPage>('/api/sync/waiting'),
  rejected: (): Promise<RejectedPage> => api.get<RejectedPage>('/api/sync/rejected'),
  retry: (key: string): Promise<unknown> => api.post(`/api/sync/rejected/${part(key)}/retry`),
  discard: (key: string): Promise<unknown> => api.post(`/api/sync/rejected/${part(key)}/discard`),

  conflicts: (state: 'open' | 'auto', after: string | null = null, limit = CONFLICTS_PER_PAGE): Promise<ConflictPage> =>
    api.get<ConflictPage>('/api/sync/conflicts', { state, limit, ...(after ? { after } : {}) }),
  settle: (id: string, take: Take): Promise<unknown> => api.post(`/api/sync/conflicts/${part(id)}`, take),
  settleMany: (ids: string[], take: 'winner' | 'loser'): Promise<BulkAnswer> => api.post<BulkAnswer>('/api/sync/conflicts', { ids, take }),
  seen: (): Promise<unknown> => api.post('/api/sync/conflicts/seen', {}),

  machines: (): Promise<MachinesPage> => api.get<MachinesPage>('/api/sync/machines'),
  invite: (branch: string, user: string, password: string): Promise<Invitation> => api.post<Invitation>('/api/sync/machines/invite', { branch, password, ...(user ? { user } : {}) }),
  revoke: (id: string, password: string): Promise<unknown> => api.post(`/api/sync/machines/${part(id)}/revoke`, { password }),
  log: (limit = 100): Promise<{ items: LogEntry[] }> => api.get<{ items: LogEntry[] }>('/api/sync/log', { limit }),
}
