import { describe, expect, it } from 'vitest'
import { withToken } from './launch'

describe('the development page', () => {
  it('gets the token where the server would write it', () => {
    expect(withToken('<head><meta name="ecms-token" content=""></head>', 'abc')).toBe('<head><meta name="ecms-token" content="abc"></head>')
    expect(withToken('<head></head>', 'abc')).toContain('content="abc"')
  })
})
