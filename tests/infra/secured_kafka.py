"""One broker of Apache Kafka that asks everybody who they are: TLS, SCRAM-SHA-512 users, the StandardAuthorizer."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from infra.acls import acls, principal_of
from infra.kafka import Cluster
from infra.topics import answers, create_acls, create_topics
from shared.messaging.security import Security
from shared.schemas.envelope import SOURCES

STORE_PASSWORD = "only-for-this-test"
ADMIN = "admin"


def password_of(user: str) -> str:
    """Each user's own."""
    return f"secret-of-{user}"


class SecuredCluster(Cluster):
    """A cluster with a user for each service, each unit and an administrator; with the generated ACLs, or (the control) for all."""

    def __init__(self, folder: Path, jars: Path, units: Sequence[str], *, authorized: bool = True) -> None:
        super().__init__(folder, jars=jars)
        self._units = units
        self._authorized = authorized
        self.ca_file = folder / "ca.pem"

    def security(self, user: str) -> Security:
        """What a client says that is `user`."""
        return Security(protocol="SASL_SSL", username=user, password=password_of(user), ca_file=str(self.ca_file))

    async def start(self) -> None:
        if not self.ca_file.exists():
            self._certify()
        await super().start()

    async def prepare(self) -> None:
        await create_topics(self.address, units=self._units, security=self.security(ADMIN))
        if self._authorized:
            await create_acls(self.address, acls(self._units), self.security(ADMIN))

    async def until_answers(self, place: int) -> None:
        async def ready() -> bool:
            return await answers(self.address, self.security(ADMIN))

        await self.programs[place].wait_until(ready, 150)

    def _certify(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        store = [
            "-keystore",
            str(self._folder / "broker.p12"),
            "-storetype",
            "PKCS12",
            "-storepass",
            STORE_PASSWORD,
            "-alias",
            "broker",
        ]
        made = ["-genkeypair", "-keyalg", "RSA", "-dname", "CN=broker", "-ext", "SAN=ip:127.0.0.1", "-ext", "bc=ca:true"]
        subprocess.run(["keytool", *made, *store], check=True, capture_output=True, timeout=60)
        export = ["-exportcert", "-rfc", "-file", str(self.ca_file)]
        subprocess.run(["keytool", *export, *store], check=True, capture_output=True, timeout=60)

    def _accounts(self) -> list[str]:
        users = [ADMIN, *SOURCES, *(principal_of(unit) for unit in self._units)]
        return [word for user in users for word in ("--add-scram", f"SCRAM-SHA-512=[name={user},password={password_of(user)}]")]

    def _values(self, place: int) -> dict[str, object]:
        port, controlling = self._ports[place]
        everybody = "false" if self._authorized else "true"
        return super()._values(place) | {
            "listeners": f"SECURED://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controlling}",
            "advertised.listeners": f"SECURED://127.0.0.1:{port}",
            "listener.security.protocol.map": "SECURED:SASL_SSL,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "SECURED",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
            "listener.name.secured.scram-sha-512.sasl.jaas.config": (
                "org.apache.kafka.common.security.scram.ScramLoginModule required "
                f'username="{ADMIN}" password="{password_of(ADMIN)}";'
            ),
            "ssl.keystore.type": "PKCS12",
            "ssl.keystore.location": self._folder / "broker.p12",
            "ssl.keystore.password": STORE_PASSWORD,
            "ssl.key.password": STORE_PASSWORD,
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self.ca_file,
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:{ADMIN};User:ANONYMOUS",  # the controller's own connection, which nobody else reaches
            "allow.everyone.if.no.acl.found": everybody,
        }
