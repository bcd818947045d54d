# frozen_string_literal: true

require "digest"
require "json"
require "securerandom"
require "rack"
require_relative "lib/boot"
require_relative "lib/front"
require_relative "lib/jobs"
require_relative "lib/measured"
require_relative "lib/mailer"
require_relative "lib/media"
require_relative "lib/release"
require_relative "lib/session"

Sidekiq.configure_client { |config| config.redis = Databases.redis_options }

# What can be asked of Mastodon's web interface, and below /stand-in what a test wants to see of a request's way here.
class Web

  def call(env)
    request = Rack::Request.new(env)
    case [request.request_method, request.path]
    in ["GET", "/health"] then text("OK")
    in ["GET", "/"] then [200, { "content-type" => "text/html" }, ["<!doctype html><title>#{ENV["LOCAL_DOMAIN"]}</title>"]]
    in ["GET", "/sw.js"] then text("// service worker\n", "text/javascript").tap { |answer| answer[1]["cache-control"] = "public, max-age=604800, must-revalidate" }
    in ["GET", "/packs/application.js"] then cached(text("// static\n", "text/javascript"))
    in ["GET", "/auth/password/new"] then Session.form(request, "/auth/password")
    in ["POST", "/auth/password"] then reset_password(request)
    in ["GET", "/stand-in/release"] then text(Release.key && Release::NAME)
    in ["GET", "/stand-in/request"] then json(env.select { |name, _| name.start_with?("HTTP_") || name == "REMOTE_ADDR" })
    in ["POST", "/stand-in/upload"] then digest(request)
    in ["POST", "/stand-in/jobs"] then measured(JSON.parse(request.body.read))
    else api(request)
    end
  end

  private

  # What an application may do with a token of that person.
  def api(request)
    return text("not in this stand-in\n").tap { |answer| answer[0] = 404 } unless request.path.start_with?("/api/")

    account = account_of(request) or return error(401, "The access token is invalid")
    case [request.request_method, request.path]
    in ["POST", "/api/v1/statuses"] then json(Status.json(post(account, request.params["status"].to_s)))
    in ["POST", "/api/v2/media"] then upload(request)
    in ["GET", %r{\A/api/v1/media/\d+\z}] then media(Integer(File.basename(request.path)))
    else error(404, "Record not found")
    end
  end

  def account_of(request)
    token = request.get_header("HTTP_AUTHORIZATION").to_s.delete_prefix("Bearer ")
    Databases.query("SELECT account_id FROM oauth_access_tokens JOIN users ON users.id = resource_owner_id WHERE token = $1 AND revoked_at IS NULL", [token])
             .first&.fetch("account_id")
  end

  def text(body, type = "text/plain") = [200, { "content-type" => type }, [body]]
  def json(value) = text(JSON.generate(value), "application/json")
  def cached((status, headers, body)) = [status, headers.merge("cache-control" => "public, max-age=31536000, immutable"), body]

  def digest(request)
    digest = Digest::SHA256.new
    bytes = 0
    while (part = request.body&.read(1 << 20))
      digest << part
      bytes += part.bytesize
    end
    json({ bytes:, sha256: digest.hexdigest })
  end

  def error(status, message) = [status, { "content-type" => "application/json" }, [JSON.generate({ error: message })]]

  # Mastodon says 202 of an upload that is not ready, and 206 of one that still is not.
  def upload(request)
    media(Media.create(request.params.fetch("file")), unready: 202)
  rescue Media::Unsupported => e
    error(422, e.message)
  rescue Seahorse::Client::NetworkingError
    error(503, "There was a temporary problem serving your request, please try again")
  end

  def media(id, unready: 206)
    row = Media.find(id) or return error(404, "Record not found")
    return error(422, "Error processing thumbnail for uploaded media") if Media.failed?(row)

    shown = Media.json(row)
    json(shown).tap { |answer| answer[0] = unready unless shown[:url] }
  end

  # Says nothing of whether there is such an account, as Mastodon does.
  def reset_password(request)
    return text("The page you were trying to access isn't here.\n").tap { |answer| answer[0] = 422 } unless Session.brings_token?(request)

    email = request.params.dig("user", "email")
    link = "https://#{ENV.fetch("WEB_DOMAIN", ENV["LOCAL_DOMAIN"])}/auth/password/edit?reset_password_token=#{SecureRandom.hex(16)}"
    MailJob.perform_async(email, "Mastodon: Reset password instructions", "Change it: #{link}") if Databases.query("SELECT 1 FROM users WHERE email = $1", [email]).any?
    [302, { "location" => "/auth/sign_in" }, []]
  end

  def post(account, text)
    Status.create(account, text).tap { |id| Databases.cache.call("SET", "status:#{id}", "1", "EX", 60) }
  end

  # As many jobs as are asked for, with the numbers that the caller gives them; the answer says that they are in Redis.
  def measured(wanted)
    # Who is asking; no request of Mastodon's goes without Postgres.
    Databases.query("SELECT id FROM users LIMIT 1")
    numbers = wanted["first"]...(wanted["first"] + wanted["count"])
    MeasuredJob.set(queue: wanted["queue"], retry: wanted["retry"])
               .perform_bulk(numbers.map { |number| [number, wanted["work"]] })
    json({ first: wanted["first"], count: wanted["count"] })
  end
end

Boot.load(resident_mib: 300)
Release.start("web")
use Front
run Web.new
