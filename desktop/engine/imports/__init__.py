"""Import of xlsx and csv (C10): a file is read into rows once, judged without writing, then written as one batch, piece
by piece.

tables    what kind of file it is, its sheets, its rows as cells
survey    what a sheet holds that its cells do not tell: size, errors, formulas without a result
staging   rows as lines of a file, so that memory stays flat
matching  which column is which field, and what is remembered of it
reading   cells → values: references by name, the rest by the field's own parser
children  what rows give to children of their records, and whose it is already
likeness  rows that are there already, in the file or among the records
judging   the dry run
doubles   rows of documents that say what is there already
documents rows that become documents with lines: their dry run, commit and undoing
writing   the commit, and what it leaves
running   how it is written while others save, and what a kill leaves
undoing   taking an import back
sheets    the template, and the error file
"""
