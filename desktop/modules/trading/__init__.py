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

chapter = Chapter(
    "trading",
    "业务管理",
    "package",
    20,
    {
        "产品与库存": "product warehouse stock_balance stock_move stock_entry stock_transfer cost_adjust",
        "进货与销货": "purchase quote sale",
        "往来与账户": "settlement party_balance party_entry account account_balance account_entry account_transfer",
        "期初": "stock_entry:opening opening_party opening_account",
        "明细": "purchase_line quote_line sale_line settlement_line stock_entry_line stock_transfer_line "
        "cost_adjust_line",
    },
)
