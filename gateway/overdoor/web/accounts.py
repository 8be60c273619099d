"""Accounts: who may do what, once the shop has a manager.

A shop without a manager works without accounts. From the moment on that the first manager took the
link which the gateway printed, signing on takes a PIN. Guessing is slow by argon2 and by waiting.
"""

import asyncio
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from overdoor.core.escalation import SHIFT_MS
from overdoor.core.model import Millis
from overdoor.engine import Engine
from overdoor.languages import gettext as _
from overdoor.store import accounts as rows
from overdoor.store.accounts import Account, Invitation, Role, hashed, new_token, same_name
from overdoor.store.projections import Statement
from overdoor.web.backoff import Backoff
from overdoor.web.problems import Problem, not_found
from overdoor.web.session import sign_off

SESSION_MS = SHIFT_MS
PIN_LEAST, PASSWORD_LEAST, SECRET_MOST = 4, 10, 128
_EVERYBODYS = ("01234567890123456789", "98765432109876543210")
WAITING_MOST = 20  # sign-ins that wait to be checked, one after the other

# OWASP's least for argon2id: 19 MiB, which a small box has, beside a shop that runs.
HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


@dataclass(frozen=True, slots=True)
class Who:
    """Whoever asks. `account` is None for programs, and for a shift begun without accounts."""

    role: Role
    name: str
    account: Account | None = None


class Accounts:
    """The accounts of a shop that runs. Refusals are `Problem`s."""

    def __init__(self, engine: Engine, hasher: PasswordHasher = HASHER) -> None:
        self._engine = engine
        self._hasher = hasher
        self._nobodys = hasher.hash(new_token())  # an unknown name takes as long as a known one
        self._one = asyncio.Lock()  # what is checked is still so when it is written
        self._hashing = asyncio.Semaphore(1)  # one core at most
        self._waiting = 0
        self._names = Backoff(5, 86_400_000)
        self._addresses = Backoff(50, 3_600_000)

    # -- who asks --------------------------------------------------------------------------------

    def required(self) -> bool:
        """Whether the shop has a manager."""
        return rows.managers(self._engine.store.reader()) > 0

    def who(self, token: str | None) -> Who | None:
        """Whom a token stands for."""
        if not token:
            return None
        db, now = self._engine.store.reader(), self._engine.clock()
        account = rows.of_session(db, token, now)
        if account is not None:
            return Who(account.role, account.name, account)
        program = rows.of_token(db, token, now)
        if program is not None:
            return Who(program[1], program[0])
        mine = hashed(token)
        for person in self._engine.people.values():
            if person.token_hash == mine and person.account is None:
                return Who(Role.ASSOCIATE, person.name)
        return None

    # -- signing in ------------------------------------------------------------------------------

    async def check(self, name: str, secret: str, address: str) -> Account:
        """Whose name and PIN these are. 401 if nobody's, 429 after too many wrong ones."""
        key, now = same_name(name), self._engine.clock()
        left = max(self._names.left_ms(key, now), self._addresses.left_ms(address, now))
        if left or self._waiting >= WAITING_MOST:
            raise _wait(left or 1000)
        account = rows.by_name(self._engine.store.reader(), name)
        known = account.secret if account is not None and account.secret is not None else None
        # Counted before it is checked: who asks many times at once has no more tries than others.
        self._names.failed(key, now)
        self._addresses.failed(address, now)
        right = await self._matches(known or self._nobodys, secret) and known is not None
        if account is None or not right:
            raise Problem(401, _("Not signed in"), _("The name or the PIN is not right."))
        self._names.forget(key)
        self._addresses.take_back(address)
        return account

    def opening(self, account: Account) -> tuple[str, list[Statement]]:
        """A new session's token, and what to write for it."""
        token, now = new_token(), self._engine.clock()
        return token, rows.open_session(account.id, token, now, now + SESSION_MS)

    async def sign_in(self, name: str, secret: str, address: str) -> str:
        """Opens a session; its token."""
        account = await self.check(name, secret, address)
        token, statements = self.opening(account)
        await self._engine.write(statements)
        return token

    async def sign_out(self, token: str) -> None:
        """Ends one session, if there is one: a shop without accounts writes nothing."""
        if rows.of_session(self._engine.store.reader(), token, 0) is None:
            return
        await self._engine.write(rows.close_session(token))

    def open_sessions(self, account: Account) -> list[tuple[str, Millis]]:
        """`(hash of the token, since)` of each."""
        return rows.sessions(self._engine.store.reader(), account.id, self._engine.clock())

    # -- people ----------------------------------------------------------------------------------

    def all(self) -> list[tuple[Account, Millis | None]]:
        """Everybody, and until when a link of theirs works."""
        db = self._engine.store.reader()
        until, now = rows.invited_until(db), self._engine.clock()
        return [
            (account, end if (end := until.get(account.id, 0)) > now else None)
            for account in rows.all_accounts(db)
        ]

    def one(self, account_id: str) -> Account:
        """The account with this id, or 404."""
        account = rows.by_id(self._engine.store.reader(), account_id)
        if account is None:
            raise not_found(_("There is no such account."))
        return account

    async def add(
        self, name: str, role: Role, languages: list[str], departments: list[str]
    ) -> Account:
        """An account that waits to be agreed to. 409 if the name is taken."""
        now = self._engine.clock()
        account = rows.new_account(name, role, languages, departments, now)
        async with self._one:
            self._free(account.name)
            await self._engine.write(rows.put(account))
        return self.one(account.id)

    async def invite(self, account: Account) -> str:
        """A new link for somebody; its token. The one before is void."""
        token = new_token()
        until = self._engine.clock() + rows.INVITATION_MS
        await self._engine.write(rows.invite(account.id, token, until))
        return token

    async def first_link(self) -> str | None:
        """The first manager's link; None if there is a manager."""
        if self.required():
            return None
        token = new_token()
        await self._engine.write(
            rows.invite(None, token, self._engine.clock() + rows.FIRST_LINK_MS)
        )
        return token

    def invitation(self, token: str) -> Invitation:
        """What a link is for; 410 if it was used or has ended."""
        found = rows.invitation(self._engine.store.reader(), token, self._engine.clock())
        if found is None or (found.account is None and self.required()):
            raise Problem(410, _("Used or ended"), _("This link was used, or its time is over."))
        return found

    async def join(self, token: str, name: str, secret: str) -> str:
        """Agrees to an account and chooses its PIN; the token of the session that this opens.

        `name` counts for the first manager only. Whoever was signed in as them before is not.
        """
        invited = self.invitation(token).account
        problem = weakness(secret, invited.role if invited is not None else Role.MANAGER)
        if problem is not None:
            raise Problem(422, _("Not understood"), problem)
        coded = await self._coded(secret)
        async with self._one:
            found, now = self.invitation(token), self._engine.clock()
            statements: list[Statement] = []
            account = found.account
            if account is None:
                if not same_name(name):
                    raise Problem(422, _("Not understood"), _("A name is missing."))
                self._free(name)
                account = rows.new_account(name, Role.MANAGER, (), (), now)
                statements += [*rows.put(account), *rows.no_first_link()]
            statements += rows.agree(account.id, coded, now)
            session, opening = self.opening(account)
            await self._engine.write([*statements, *opening])
        await self._end_shift(account)
        self._names.forget(same_name(account.name))
        return session

    async def remove(self, account: Account) -> None:
        """Forgets somebody. 409 for the last manager: the shop would stand open."""
        async with self._one:
            last = rows.managers(self._engine.store.reader()) == 1
            if account.role is Role.MANAGER and account.secret is not None and last:
                detail = _("You are the only manager. Make somebody else one first.")
                raise Problem(409, _("Not possible now"), detail)
            await self._engine.write(rows.remove(account.id))
        await self._end_shift(account)

    async def reads(self, account: Account, language: str) -> None:
        """Somebody chose the language of their pages."""
        await self._engine.write(rows.reads(account.id, language))

    async def close_all(self, account: Account) -> None:
        """Signs somebody out everywhere; their shift ends."""
        await self._engine.write(rows.close_all(account.id))
        await self._end_shift(account)

    async def _end_shift(self, account: Account) -> None:
        for duty, person in list(self._engine.people.items()):
            if person.account == account.id:
                await sign_off(self._engine, duty)

    # -- inside ----------------------------------------------------------------------------------

    def _free(self, name: str) -> None:
        if rows.by_name(self._engine.store.reader(), name) is not None:
            raise Problem(
                409, _("This name is taken"), _("Somebody has this name; take another one.")
            )

    async def _matches(self, coded: str, secret: str) -> bool:
        def verify() -> bool:
            try:
                return self._hasher.verify(coded, secret)
            except VerificationError:
                return False

        self._waiting += 1
        try:
            async with self._hashing:
                return await asyncio.to_thread(verify)
        finally:
            self._waiting -= 1

    async def _coded(self, secret: str) -> str:
        async with self._hashing:
            return await asyncio.to_thread(self._hasher.hash, secret)


def weakness(secret: str, role: Role) -> str | None:
    """What is wrong with a PIN or password, in words."""
    least = PASSWORD_LEAST if role is Role.MANAGER else PIN_LEAST
    if not least <= len(secret) <= SECRET_MOST:
        return _("It has %(least)s to %(most)s characters.", least=least, most=SECRET_MOST)
    if len(set(secret)) == 1 or any(secret in row for row in _EVERYBODYS):
        return _("That is what everybody tries first; take another one.")
    return None


def _wait(left_ms: Millis) -> Problem:
    seconds = -(-left_ms // 1000)
    problem = Problem(
        429,
        _("Too many tries"),
        _(
            "Wait %(seconds)s s, then try again. Or ask your manager for a new card.",
            seconds=seconds,
        ),
    )
    problem.headers["Retry-After"] = str(seconds)
    return problem
