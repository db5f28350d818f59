/** The calls of roles and rights: one place that knows addresses and bodies. */
import { api } from '@/api/client'
import type { Editor, Role, RoleChange, Summary } from './model'

const part = encodeURIComponent

export const roles = {
  all: (): Promise<Editor> => api.get<Editor>('/api/roles'),
  add: (change: RoleChange, key: string): Promise<Role> => api.post<Role>('/api/roles', change, { key }),
  change: (id: string, change: RoleChange, key: string): Promise<Role> => api.patch<Role>(`/api/roles/${part(id)}`, change, { key }),
  of: (operator: string): Promise<Summary> => api.get<Summary>(`/api/operators/${part(operator)}/rights`),
}
