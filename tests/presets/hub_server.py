"""A server that speaks the Hugging Face Hub's protocol for files, for one client: repositories, commits, LFS."""

import base64
import contextlib
import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

TOKEN = "hf_of_the_test"


class HubServer(ThreadingHTTPServer):
    """Its state: repository -> commit -> path -> content, the newest commit last, and the objects of LFS by SHA-256."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.repositories, self.objects, self.requests = {}, {}, []

    def handle_error(self, request, client_address):
        """Says nothing of connections that a client has closed."""

    @property
    def downloads(self):
        return [path for method, path in self.requests if method == "GET" and "/resolve/" in path]

    @contextlib.contextmanager
    def running(self):
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            self.server_close()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: HubServer

    def log_message(self, *_):
        pass

    def answer(self, content=b"", status=200, **headers):
        content = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def handle_one(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        path = urlsplit(self.path).path
        self.server.requests.append((self.command, path))
        is_read = self.command in ("GET", "HEAD")
        if not is_read and "/objects/" not in path and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.answer({"error": "no token"}, 401)
        for pattern, method in ROUTES[self.command == "GET" or self.command == "HEAD"]:
            if found := re.fullmatch(pattern, path):
                return method(self, body, *found.groups())
        return self.answer({"error": f"no route for {path}"}, 404)

    do_GET = do_HEAD = do_POST = do_PUT = handle_one  # noqa: N815

    def commit_of(self, name, revision):
        """The commit of a branch, or None after an answer that there is none."""
        commits = self.server.repositories.get(name)
        if commits is None:
            self.answer({"error": "Repository not found"}, 404, X_Error_Code="RepoNotFound")
        elif revision == "main" and commits:
            return [*commits][-1]
        elif revision in commits:
            return revision
        else:
            self.answer({"error": "Revision not found"}, 404, X_Error_Code="RevisionNotFound")
        return None

    def create(self, body):
        name = json.loads(body)
        name = f"{name['organization']}/{name['name']}" if name.get("organization") else name["name"]
        name = name if "/" in name else f"user/{name}"
        self.server.repositories.setdefault(name, {})
        self.answer({"url": f"{self.server.url}/{name}", "id": name, "name": name})

    def validate(self, body):
        assert json.loads(body)["content"].startswith("---\n")
        self.answer({"errors": [], "warnings": []})

    def preupload(self, body, name, revision):
        files = [file["path"] for file in json.loads(body)["files"]]
        modes = {path: "lfs" if path.endswith(".keras") else "regular" for path in files}
        self.answer({"files": [{"path": p, "uploadMode": mode, "shouldIgnore": False} for p, mode in modes.items()]})

    def batch(self, body, name):
        objects = json.loads(body)["objects"]
        links = [{"upload": {"href": f"{self.server.url}/objects/{one['oid']}"}} for one in objects]
        answers = [one | {"actions": actions} for one, actions in zip(objects, links, strict=True)]
        self.answer({"transfer": "basic", "objects": answers})

    def put(self, body, oid):
        assert hashlib.sha256(body).hexdigest() == oid
        self.server.objects[oid] = body
        self.answer()

    def commit(self, body, name, revision):
        commits = self.server.repositories[name]
        files = dict([*commits.values()][-1]) if commits else {}
        for line in body.decode().splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif entry["key"] == "lfsFile":
                files[value["path"]] = self.server.objects[value["oid"]]
        new = hashlib.sha1(f"{name}{len(commits)}".encode()).hexdigest()
        commits[new] = files
        url = f"{self.server.url}/{name}/commit/{new}"
        self.answer({"success": True, "commitUrl": url, "commitOid": new, "hookOutput": ""})

    def info(self, _, name, revision):
        if commit := self.commit_of(name, revision):
            files = self.server.repositories[name][commit]
            self.answer({"id": name, "sha": commit, "siblings": [{"rfilename": path} for path in files]})

    def tree(self, _, name, revision):
        if commit := self.commit_of(name, revision):
            files = self.server.repositories[name][commit].items()
            self.answer([{"type": "file", "path": p, "size": len(c), "oid": _etag(c)} for p, c in files])

    def resolve(self, _, name, revision, path):
        if commit := self.commit_of(name, revision):
            content = self.server.repositories[name][commit].get(path)
            if content is None:
                return self.answer({"error": "Entry not found"}, 404, X_Error_Code="EntryNotFound")
            self.answer(content, ETag=f'"{_etag(content)}"', X_Repo_Commit=commit)
        return None


def _etag(content):
    return hashlib.sha1(content).hexdigest()


NAME, REVISION = r"([\w.-]+/[\w.-]+)", r"([\w.-]+)"
ROUTES = {
    True: (
        (rf"/api/models/{NAME}/revision/{REVISION}", _Handler.info),
        (rf"/api/models/{NAME}/tree/{REVISION}", _Handler.tree),
        (rf"/{NAME}/resolve/{REVISION}/(.+)", _Handler.resolve),
    ),
    False: (
        (r"/api/repos/create", _Handler.create),
        (r"/api/validate-yaml", _Handler.validate),
        (rf"/api/models/{NAME}/preupload/{REVISION}", _Handler.preupload),
        (rf"/{NAME}\.git/info/lfs/objects/batch", _Handler.batch),
        (r"/objects/(\w+)", _Handler.put),
        (rf"/api/models/{NAME}/commit/{REVISION}", _Handler.commit),
    ),
}
"""Whether a request reads -> patterns of paths and their methods."""
