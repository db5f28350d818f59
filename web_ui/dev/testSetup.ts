import { afterEach, vi } from 'vitest'

// Where libraries stay loaded from file to file, our own modules begin anew with each.
vi.resetModules()

// Every test that has a page starts with the token that the server writes into index.html.
if (typeof document !== 'undefined') document.head.innerHTML = '<meta name="ecms-token" content="test-token">'

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})
