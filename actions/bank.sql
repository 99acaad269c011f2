-- The demo bank's double-entry ledger.
-- Amounts are whole numbers of a currency's smallest unit. A posting's amount is added to its account: crediting a
-- customer adds, debiting takes away, and what the bank itself holds (cash) stands as a negative number, so that all
-- balances of one currency always sum to zero.
-- Insert into bank_transaction only: triggers write its two postings and keep the balances.

CREATE TABLE bank_account (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('customer', 'payee', 'biller', 'cash', 'equity')),
    owner TEXT, -- the customer's actor id
    name TEXT NOT NULL CHECK (name <> ''),
    currency TEXT NOT NULL CHECK (length(currency) = 3), -- ISO 4217
    balance INTEGER NOT NULL DEFAULT 0, -- that of the newest posting
    CONSTRAINT only_customers_own_accounts CHECK ((kind = 'customer') = (owner IS NOT NULL)),
    CONSTRAINT no_overdraft CHECK (kind <> 'customer' OR balance >= 0),
    CONSTRAINT balance_fits CHECK (balance BETWEEN -9007199254740991 AND 9007199254740991)
) STRICT;

CREATE UNIQUE INDEX bank_account_name ON bank_account (ifnull(owner, ''), kind, name);

-- What a customer was billed by a biller in all, and what of it is paid.
CREATE TABLE bank_bill (
    id INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,
    biller INTEGER NOT NULL REFERENCES bank_account (id),
    billed INTEGER NOT NULL CHECK (billed BETWEEN 0 AND 9007199254740991),
    paid INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT no_overpayment CHECK (paid BETWEEN 0 AND billed),
    UNIQUE (owner, biller)
) STRICT;

CREATE TABLE bank_transaction (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE, -- the idempotency key of the action that made it
    action TEXT NOT NULL, -- its type
    at TEXT NOT NULL, -- UTC, ISO 8601
    debit INTEGER NOT NULL REFERENCES bank_account (id), -- where the amount is taken from
    credit INTEGER NOT NULL REFERENCES bank_account (id), -- where it goes
    amount INTEGER NOT NULL CHECK (amount BETWEEN 1 AND 9007199254740991),
    bill INTEGER REFERENCES bank_bill (id), -- what it pays, if it pays a bill
    CHECK (debit <> credit)
) STRICT;

CREATE INDEX bank_transaction_bill ON bank_transaction (bill) WHERE bill IS NOT NULL;

CREATE TABLE bank_posting (
    account INTEGER NOT NULL REFERENCES bank_account (id),
    transaction_id INTEGER NOT NULL REFERENCES bank_transaction (id),
    amount INTEGER NOT NULL CHECK (amount <> 0),
    balance INTEGER NOT NULL, -- the account's after this posting
    PRIMARY KEY (account, transaction_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX bank_posting_transaction ON bank_posting (transaction_id);

CREATE TRIGGER bank_transaction_check BEFORE INSERT ON bank_transaction BEGIN
    SELECT RAISE(ABORT, 'this idempotency key or number is already in the ledger')
    WHERE EXISTS (SELECT 1 FROM bank_transaction WHERE key = NEW.key OR id = NEW.id);
    SELECT RAISE(ABORT, 'a ledger transaction needs two accounts in one currency')
    WHERE NOT EXISTS (
        SELECT 1 FROM bank_account AS debit JOIN bank_account AS credit USING (currency)
        WHERE debit.id = NEW.debit AND credit.id = NEW.credit
    );
    SELECT RAISE(ABORT, 'a bill is paid by its owner to its biller')
    WHERE NEW.bill IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM bank_bill JOIN bank_account AS debit USING (owner)
        WHERE bank_bill.id = NEW.bill AND bank_bill.biller = NEW.credit AND debit.id = NEW.debit
    );
END;

CREATE TRIGGER bank_transaction_post AFTER INSERT ON bank_transaction BEGIN
    SELECT RAISE(ABORT, 'ledger transactions are numbered upwards')
    WHERE NEW.id < (SELECT max(id) FROM bank_transaction);
    INSERT INTO bank_posting (account, transaction_id, amount, balance)
    SELECT id, NEW.id, -NEW.amount, balance - NEW.amount FROM bank_account WHERE id = NEW.debit;
    INSERT INTO bank_posting (account, transaction_id, amount, balance)
    SELECT id, NEW.id, NEW.amount, balance + NEW.amount FROM bank_account WHERE id = NEW.credit;
    UPDATE bank_bill SET paid = paid + NEW.amount WHERE id = NEW.bill;
END;

CREATE TRIGGER bank_transaction_fixed BEFORE UPDATE ON bank_transaction BEGIN
    SELECT RAISE(ABORT, 'a ledger transaction never changes');
END;

CREATE TRIGGER bank_transaction_kept BEFORE DELETE ON bank_transaction BEGIN
    SELECT RAISE(ABORT, 'a ledger transaction is never removed');
END;

CREATE TRIGGER bank_posting_check BEFORE INSERT ON bank_posting BEGIN
    SELECT RAISE(ABORT, 'a posting is written by its ledger transaction, once')
    WHERE EXISTS (SELECT 1 FROM bank_posting WHERE account = NEW.account AND transaction_id = NEW.transaction_id)
    OR NOT EXISTS (
        SELECT 1 FROM bank_transaction AS made JOIN bank_account ON bank_account.id = NEW.account
        WHERE made.id = NEW.transaction_id AND NEW.balance = bank_account.balance + NEW.amount
        AND ((made.debit = NEW.account AND made.amount = -NEW.amount) OR (made.credit = NEW.account AND made.amount = NEW.amount))
    );
END;

CREATE TRIGGER bank_posting_balance AFTER INSERT ON bank_posting BEGIN
    UPDATE bank_account SET balance = NEW.balance WHERE id = NEW.account;
END;

CREATE TRIGGER bank_posting_fixed BEFORE UPDATE ON bank_posting BEGIN
    SELECT RAISE(ABORT, 'a posting never changes');
END;

CREATE TRIGGER bank_posting_kept BEFORE DELETE ON bank_posting BEGIN
    SELECT RAISE(ABORT, 'a posting is never removed');
END;

CREATE TRIGGER bank_account_check BEFORE INSERT ON bank_account BEGIN
    SELECT RAISE(ABORT, 'an account starts with nothing; post its opening balance')
    WHERE NEW.balance <> 0;
    SELECT RAISE(ABORT, 'this account already exists')
    WHERE EXISTS (
        SELECT 1 FROM bank_account
        WHERE id = NEW.id OR (ifnull(owner, '') = ifnull(NEW.owner, '') AND kind = NEW.kind AND name = NEW.name)
    );
END;

CREATE TRIGGER bank_account_fixed BEFORE UPDATE ON bank_account BEGIN
    SELECT RAISE(ABORT, 'an account keeps its number, kind, owner and currency')
    WHERE (NEW.id, NEW.kind, NEW.owner, NEW.currency) IS NOT (OLD.id, OLD.kind, OLD.owner, OLD.currency);
    SELECT RAISE(ABORT, 'a balance is changed by postings only')
    WHERE NEW.balance <> OLD.balance AND NEW.balance IS NOT (
        SELECT balance FROM bank_posting WHERE account = NEW.id ORDER BY transaction_id DESC LIMIT 1
    );
END;

CREATE TRIGGER bank_account_kept BEFORE DELETE ON bank_account BEGIN
    SELECT RAISE(ABORT, 'an account is never removed');
END;

CREATE TRIGGER bank_bill_check BEFORE INSERT ON bank_bill BEGIN
    SELECT RAISE(ABORT, 'a bill comes from a biller, unpaid, and once for each customer')
    WHERE NEW.paid <> 0
    OR EXISTS (SELECT 1 FROM bank_bill WHERE id = NEW.id OR (owner = NEW.owner AND biller = NEW.biller))
    OR NOT EXISTS (SELECT 1 FROM bank_account WHERE id = NEW.biller AND kind = 'biller');
END;

CREATE TRIGGER bank_bill_fixed BEFORE UPDATE ON bank_bill BEGIN
    SELECT RAISE(ABORT, 'a bill keeps its owner and biller, and is paid by ledger transactions only')
    WHERE (NEW.id, NEW.owner, NEW.biller) IS NOT (OLD.id, OLD.owner, OLD.biller)
    OR NEW.paid <> (SELECT ifnull(sum(amount), 0) FROM bank_transaction WHERE bill = NEW.id);
END;

CREATE TRIGGER bank_bill_kept BEFORE DELETE ON bank_bill BEGIN
    SELECT RAISE(ABORT, 'a bill is never removed');
END;

INSERT INTO bank_account (id, kind, owner, name, currency) VALUES
    (1, 'equity', NULL, 'opening balances USD', 'USD'),
    (2, 'cash', NULL, 'cash USD', 'USD'),
    (3, 'customer', 'dana', 'checking', 'USD'),
    (4, 'customer', 'dana', 'savings', 'USD'),
    (5, 'payee', NULL, 'Alice', 'USD'),
    (6, 'payee', NULL, 'Bob', 'USD'),
    (7, 'payee', NULL, 'Carol', 'USD'),
    (8, 'payee', NULL, 'Mallory Ltd', 'USD'),
    (9, 'biller', NULL, 'Acme Utilities', 'USD');

INSERT INTO bank_transaction (id, key, action, at, debit, credit, amount) VALUES
    (1, 'opening:3', 'opening', '2026-01-01T00:00:00+00:00', 1, 3, 100000),
    (2, 'opening:4', 'opening', '2026-01-01T00:00:00+00:00', 1, 4, 500000);

INSERT INTO bank_bill (id, owner, biller, billed) VALUES (1, 'dana', 9, 8420);
