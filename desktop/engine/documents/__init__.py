"""Documents with lines: drafts that merge per field, versions that count, and the ledgers that follow from them."""
