import { afterEach, vi } from 'vitest'

// Every test that has a page starts with the token that the server writes into index.html.
if (typeof document !== 'undefined') document.head.innerHTML = '<meta name="ecms-token" content="test-token">'

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})
