import { expect, it } from 'vitest'
import { ApiError } from '@/api/client'
import { mayPass } from './problem'

const thrown = (code: string, status: number): ApiError => new ApiError({ type: `ecms:${code}`, code, status, title: '各行都已做完' })

it('what the program refuses as such is not asked for again; what it could not reach or was broken is', () => {
  expect([thrown('bad-request', 400), thrown('unreachable', 0), thrown('damaged', 503), new Error('x')].map(mayPass)).toEqual([false, true, true, true])
})
