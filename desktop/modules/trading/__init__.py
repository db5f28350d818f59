"""业务管理: what we buy and sell.

Beside the declarations lie the rules of trade (modules.md part T), as pure functions on integers:

    rounding → amounts → cost          what a document is worth, what its goods cost
               amounts → offer         the price offered for a line
               orders, credit          what is still to be delivered, what a customer may owe
    refusal  → allocation, paying      what money settles
               terms, words            when it is due, and how it reads
               stock_hints             what to buy
"""

from ...engine.define import Chapter

chapter = Chapter("trading", "业务管理", "package", 20)
