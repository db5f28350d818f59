import { afterEach, vi } from 'vitest'

// Every test starts from a page that has the token the server writes into index.html.
document.head.innerHTML = '<meta name="ecms-token" content="test-token">'

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})
