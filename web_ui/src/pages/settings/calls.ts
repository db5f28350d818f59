/** The calls of 系统配置. */
import { api } from '@/api/client'
import type { Change, Page, Past } from './model'

export const settings = {
  all: (at: string): Promise<Page> => api.get<Page>('/api/settings', { at }),
  change: (change: Change, at: string, key: string): Promise<Page> => api.patch<Page>('/api/settings', { ...change, at }, { key }),
  samples: (change: Change): Promise<{ numbers: { noun: string; number: string }[] }> => api.post('/api/settings/samples', change),
  history: (key: string, at: string): Promise<Past[]> => api.get<Past[]>(`/api/settings/${encodeURIComponent(key)}/history`, { at }),
}
